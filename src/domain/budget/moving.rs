//! Owns the walk of a window over an account, up to the first moments at which linear conditions on its sums hold.
//!
//! Sums change evenly from piece to piece: they grow by what comes at the front of the window and shrink by what leaves at its back. They
//! jump where something in the window begins to be charged otherwise. Of days it is known what they held in the end: that tells how much can
//! come and leave within one, and so where no condition can come true. Only where one can, days are taken apart, so every moment is
//! exact to the millisecond.

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

/// Days that leave at once, at the most, where nothing is known of those that come.
const MOST_DAYS: usize = 32;

/// Where a window is, and how it goes on.
pub(super) struct Course<'l> {
    /// The moment as of which the walk begins. What holds then is not looked for.
    pub(super) from: Instant,
    /// The last moment that is looked at.
    pub(super) until: Instant,
    /// Of the window as of `from`.
    pub(super) sums: Sums,
    /// Length of a window whose start moves along, in milliseconds; `None` when it stands still.
    pub(super) rolling_ms: Option<i64>,
    /// Where a window that stands still begins.
    pub(super) start: Instant,
    /// How long what has come may still count otherwise, in milliseconds; at most a day.
    pub(super) hindsight_ms: i64,
    pub(super) known: &'l Known<'l>,
    pub(super) draws: Draws,
}

/// What the walk does next: up to `end` each side of the window stays within one stretch.
struct Step {
    end: Instant,
    front: Side,
    /// Of a window that moves.
    back: Option<Side>,
}

impl Course<'_> {
    /// Finds the first moment after `from` at which all conditions of each goal hold; `draw` gives the account of a stretch, all of it
    /// or as much as is read at once.
    ///
    /// # Errors
    /// Those of `draw`.
    pub(super) fn find<E>(
        &self,
        goals: &[Vec<Linear>],
        draw: impl FnMut(Span, bool) -> Result<Vec<Piece>, E>,
    ) -> Result<Vec<Option<Instant>>, E> {
        // Hindsight is no longer than a window that moves.
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

/// A walk under way.
struct Walk<'w, 'l, D> {
    course: &'w Course<'l>,
    goals: &'w [Vec<Linear>],
    found: Vec<Option<Instant>>,
    front: Track,
    back: Track,
    draw: D,
    at: Instant,
    /// The sums as of `at`, but for those days at the front and at the back, of which it is known what they held, in which it is: nothing of
    /// the one, and all of the other.
    base: Sums,
    /// Whether the base holds what has come as it counts in the end, and not as of `at`.
    is_settled: bool,
    /// How many days may leave at once: half as many each time that this would be too many.
    most_days: usize,
}

impl<D, E> Walk<'_, '_, D>
where
    D: FnMut(Span, bool) -> Result<Vec<Piece>, E>,
{
    fn is_over(&self) -> bool {
        !self.found.contains(&None)
    }

    /// Lets several days leave in which nothing that is looked for can come true; whether there are any.
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

    /// Whether something that is looked for may come true while so much comes and so much leaves.
    fn may_come_true(&self, come: Sums, gone: Sums) -> bool {
        let mut wanted = self.goals.iter().zip(&self.found).filter(|(_, found)| found.is_none());
        wanted.any(|(goal, _)| possible(goal, self.base, come, gone))
    }

    /// Lets what has come count as in the end, or as of now.
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

    /// Walks to the end of a step in which nothing that is looked for can come true; whether it is one.
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
            // For a while it does not count, or as the system's own.
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
                // What leaves has been settled long since.
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

    /// The sums as of now.
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

    /// Lets days that are over come and leave as a whole.
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
