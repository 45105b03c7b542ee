//! Owns moving a window over an account to the first instants at which linear conditions on its sums hold.
//!
//! Sums change evenly from piece to piece: they grow by what enters at the front of the window and shrink by what
//! leaves at its back. They jump when the charge of something in the window changes. The final tallies of days are
//! known, which bounds how much can enter and leave within a day, and so shows where no condition can come true. Only
//! the other days are computed, so every instant is exact to the millisecond.

mod known;
mod linear;
mod track;

use crate::domain::account::downtime::Piece;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::{END, Span};

pub(super) use known::Known;
use known::Side;
pub(super) use linear::{Linear, Sums};
use linear::{meet, possible};
pub(super) use track::Draws;
use track::{Hindsight, Track};

/// The most days that leave at once while the days that enter are unknown.
const MOST_DAYS: usize = 32;

/// The start of a window and how it moves.
pub(super) struct Course<'l> {
    /// When the walk begins. Conditions that hold then are not reported.
    pub(super) from: Instant,
    /// The last instant examined.
    pub(super) until: Instant,
    /// The sums of the window as of `from`.
    pub(super) sums: Sums,
    /// The length of a rolling window in milliseconds; `None` if its start is fixed.
    pub(super) rolling_ms: Option<i64>,
    /// The start of a fixed window.
    pub(super) start: Instant,
    /// How long after it entered time may change its charge, in milliseconds; at most a day.
    pub(super) hindsight_ms: i64,
    pub(super) known: &'l Known<'l>,
    pub(super) draws: Draws,
}

/// The next step of the walk: until `end`, each side of the window stays within one [`Side`].
struct Step {
    end: Instant,
    front: Side,
    /// Of a rolling window.
    back: Option<Side>,
}

impl Course<'_> {
    /// Finds the first instant after `from` at which all conditions of each goal hold. `draw` computes the account of a
    /// span, all of it or as much as one read covers.
    pub(super) fn find<E>(
        &self,
        goals: &[Vec<Linear>],
        draw: impl FnMut(Span, bool) -> Result<Vec<Piece>, E>,
    ) -> Result<Vec<Option<Instant>>, E> {
        // A rolling window is at least as long as hindsight.
        let start = if self.rolling_ms.is_some() { Instant::MIN } else { self.start };
        let mut walk = Walk {
            course: self,
            goals,
            found: vec![None; goals.len()],
            front: Track::new(self.draws, Some(Hindsight { length_ms: self.hindsight_ms, start })),
            back: Track::new(self.draws, None),
            draw,
            at: self.from,
            base: self.sums,
            is_settled: false,
            most_days: MOST_DAYS,
        };
        while walk.at < self.until && !walk.is_over() {
            if walk.leaps()? {
                continue;
            }
            let step = self.step(walk.at);
            walk.settle(step.front.held.is_some())?;
            if !walk.skips(&step)? {
                walk.take_apart(&step)?;
            }
            walk.close(&step, self.rolling_ms);
        }
        Ok(walk.found)
    }

    fn step(&self, at: Instant) -> Step {
        let front = self.known.side(at, self.from, self.until);
        let Some(length_ms) = self.rolling_ms else {
            return Step { end: front.span.end.min(self.until), front, back: None };
        };
        let back = self.known.side(at.plus(-length_ms), self.from.plus(-length_ms), self.until);
        let end = front.span.end.min(back.span.end.plus(length_ms)).min(self.until);
        Step { end, front, back: Some(back) }
    }
}

/// The state of a walk.
struct Walk<'w, 'l, D> {
    course: &'w Course<'l>,
    goals: &'w [Vec<Linear>],
    found: Vec<Option<Instant>>,
    front: Track,
    back: Track,
    draw: D,
    at: Instant,
    /// The sums as of `at`, except in days with known tallies: the front day is not included yet, the back day still is
    /// entirely.
    base: Sums,
    /// Whether the base has final charges, not those as of `at`.
    is_settled: bool,
    /// How many days may leave at once: halved each time that is too many.
    most_days: usize,
}

impl<D, E> Walk<'_, '_, D>
where
    D: FnMut(Span, bool) -> Result<Vec<Piece>, E>,
{
    fn is_over(&self) -> bool {
        !self.found.contains(&None)
    }

    /// Lets several days leave if no goal can come true in them; returns whether it did.
    fn leaps(&mut self) -> Result<bool, E> {
        let Course { rolling_ms: Some(length_ms), until, known, .. } = self.course else { return Ok(false) };
        if self.is_settled || !known.is_over(self.at) {
            return Ok(false);
        }
        while self.most_days > 1 {
            let Some((end, gone)) = known.days(self.at.plus(-length_ms), self.most_days) else { return Ok(false) };
            let span = Span::new(self.at, end.plus(*length_ms));
            if span.end <= *until {
                self.front.cover(span, *until, &mut self.draw)?;
                let come = self.front.come(span);
                if !self.front.jumps(span) && !self.may_come_true(come, gone) {
                    self.base = self.base.plus(come, 1).plus(gone, -1);
                    self.at = span.end;
                    return Ok(true);
                }
            }
            self.most_days /= 2;
        }
        Ok(false)
    }

    /// Whether an open goal may come true while this much enters and leaves.
    fn may_come_true(&self, come: Sums, gone: Sums) -> bool {
        let mut wanted = self.goals.iter().zip(&self.found).filter(|(_, found)| found.is_none());
        wanted.any(|(goal, _)| possible(goal, self.base, come, gone))
    }

    /// Switches the base to final charges, or to those as of now.
    fn settle(&mut self, settles: bool) -> Result<(), E> {
        if settles == self.is_settled {
            return Ok(());
        }
        self.is_settled = settles;
        let Course { hindsight_ms, until, known, .. } = self.course;
        let last = Span::new(self.at.plus(-hindsight_ms), self.at);
        if *hindsight_ms > 0 && known.strict_us(last) != Some(0) {
            self.front.cover(Span::new(self.at, self.at.plus(1)), *until, &mut self.draw)?;
            self.base = self.base.plus(self.front.pending(self.at), if settles { 1 } else { -1 });
        }
        Ok(())
    }

    /// Walks to the end of a step if no goal can come true in it; returns whether it did.
    fn skips(&mut self, step: &Step) -> Result<bool, E> {
        let span = Span::new(self.at, step.end);
        let (mut come, mut gone) = match (step.front.held, step.back.map(|back| back.held)) {
            (Some(come), None) => (come, Sums::default()),
            (Some(come), Some(Some(gone))) => (come, gone),
            (None, Some(Some(gone))) => {
                self.front.cover(span, self.course.until, &mut self.draw)?;
                if self.front.jumps(span) {
                    return Ok(false);
                }
                (self.front.come(span), gone)
            }
            (_, Some(None)) | (None, None) => return Ok(false),
        };
        let arrives = come;
        if self.is_settled && self.course.hindsight_ms > 0 {
            let last = Span::new(span.start.plus(-self.course.hindsight_ms), span.end);
            let Some(charged) = self.course.known.strict_us(last) else { return Ok(false) };
            // For a while it may not count, or be charged to the system itself.
            come.own += charged;
            gone = gone.plus(Sums { own: charged, upstream: charged, not_counted: 0 }, 1);
        }
        if self.may_come_true(come, gone) {
            return Ok(false);
        }
        if step.front.held.is_none() {
            self.base = self.base.plus(arrives, 1);
        }
        Ok(true)
    }

    /// Walks through a step piece by piece.
    fn take_apart(&mut self, step: &Step) -> Result<(), E> {
        self.most_days = MOST_DAYS;
        let mut sums = self.exact(step)?;
        let mut at = self.at;
        while at < step.end && !self.is_over() {
            let arriving = self.front.piece(at, self.course.until, &mut self.draw)?;
            let mut next = step.end.min(arriving.span.end);
            let mut gone = Sums::default();
            if let Some(length_ms) = self.course.rolling_ms {
                let leaving = self.back.piece(at.plus(-length_ms), step.end.plus(-length_ms), &mut self.draw)?;
                // Charges at the back are final.
                gone = Sums::slope(&leaving, END);
                next = next.min(leaving.span.end.plus(length_ms));
            }
            let (next, jump) = self.front.step(at, next);
            let come = Sums::slope(&arriving, arriving.span.start).plus(jump, 1);
            let (slope, millis) = (come.plus(gone, -1), next.since(at));
            for (goal, found) in self.goals.iter().zip(&mut self.found).filter(|(_, found)| found.is_none()) {
                *found = meet(goal, sums, slope, millis).map(|offset| at.plus(offset));
            }
            sums = sums.plus(slope, millis);
            if step.front.held.is_none() {
                self.base = self.base.plus(come, millis);
            }
            if step.back.is_some_and(|back| back.held.is_none()) {
                self.base = self.base.plus(gone, -millis);
            }
            at = next;
        }
        Ok(())
    }

    /// The sums as of `at`.
    fn exact(&mut self, step: &Step) -> Result<Sums, E> {
        let mut sums = self.base;
        if step.front.held.is_some() {
            let begun = step.front.span.start;
            self.front.cover(Span::new(begun, step.end), self.course.until, &mut self.draw)?;
            sums = sums.plus(self.front.held(Span::new(begun, self.at)), 1).plus(self.front.pending(self.at), -1);
        }
        if let (Some(Side { span, held: Some(_) }), Some(length_ms)) = (step.back, self.course.rolling_ms) {
            let (back, end) = (self.at.plus(-length_ms), step.end.plus(-length_ms));
            if span.start < back {
                self.back.cover(Span::new(span.start, end), end, &mut self.draw)?;
                sums = sums.plus(self.back.held(Span::new(span.start, back)), -1);
            }
        }
        Ok(sums)
    }

    /// Lets days that are over enter or leave entirely.
    fn close(&mut self, step: &Step, rolling_ms: Option<i64>) {
        if let Side { span, held: Some(held) } = step.front
            && span.end == step.end
        {
            self.base = self.base.plus(held, 1);
        }
        if let (Some(Side { span, held: Some(held) }), Some(length_ms)) = (step.back, rolling_ms)
            && span.end.plus(length_ms) == step.end
        {
            self.base = self.base.plus(held, -1);
        }
        self.at = step.end;
    }
}
