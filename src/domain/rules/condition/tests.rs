//! Checks expressions: printed ones read back as the same tree, and no input breaks the reader.

use chrono::NaiveTime;
use proptest::prelude::*;

use super::answer::check;
use super::property::{Shape, Vocabulary};
use super::*;
use crate::domain::value::duration::LONGEST_MS;
use crate::domain::value::hours::WEEKDAYS;

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,8}",
        "[A-Za-z0-9._/:-]{1,12}",
        Just("status".to_owned()),
        Just("slo".to_owned()),
        Just("burnRates.1h".to_owned()),
        Just("...".to_owned()),
    ]
    .prop_map(|text| Name::parse(&text).unwrap())
}

/// A field of a condition that is evaluated for `this`.
fn field(this: Owner) -> impl Strategy<Value = Field> {
    (prop::sample::select(Property::ALL.to_vec()), prop::option::of(name())).prop_map(move |(property, name)| {
        let owner = property.entry().owner;
        let subject = match (owner, name) {
            (owner, None) if owner == this => Subject::This,
            (Owner::System, name) => Subject::System(name.unwrap_or_else(|| Name::parse("postgres").unwrap())),
            (Owner::Objective, name) => Subject::Objective(name.unwrap_or_else(|| Name::parse("shop").unwrap())),
        };
        Field { subject, property }
    })
}

fn number() -> impl Strategy<Value = Operand> {
    (any::<bool>(), prop_oneof![0..100i64, Just(0i64), 0..1_000_000_000_000i64]).prop_map(|(negative, millionths)| {
        Operand::Number { negative: negative && millionths > 0, magnitude: Decimal::from_millionths(millionths) }
    })
}

fn duration() -> impl Strategy<Value = i64> {
    prop_oneof![1..=LONGEST_MS, (1..600i64).prop_map(|minutes| minutes * 60_000)]
}

fn value(shape: Shape, this: Owner) -> BoxedStrategy<Operand> {
    let word = |vocabulary: Vocabulary| match vocabulary.words() {
        Some(words) => prop::sample::select(words).prop_map(str::to_owned).boxed(),
        None => name().prop_map(|name| name.to_string()).boxed(),
    };
    let fields: Vec<Property> = Property::ALL.into_iter().filter(|other| shape.compares_with(other.shape())).collect();
    let own = match shape {
        Shape::Number(_) if shape.is_length_of_time() => {
            prop_oneof![number(), duration().prop_map(Operand::Duration)].boxed()
        }
        Shape::Number(_) => number().boxed(),
        Shape::Duration => prop_oneof![duration(), Just(0)].prop_map(Operand::Duration).boxed(),
        Shape::Boolean => any::<bool>().prop_map(Operand::Boolean).boxed(),
        Shape::Text(vocabulary) => word(vocabulary).prop_map(Operand::Text).boxed(),
    };
    let other = field(this).prop_filter("of the same kind", move |field| fields.contains(&field.property));
    prop_oneof![9 => own, 1 => other.prop_map(Operand::Field)].boxed()
}

fn comparison(this: Owner) -> impl Strategy<Value = Comparison> {
    field(this).prop_flat_map(move |field| {
        let shape = field.property.shape();
        let ordered = matches!(shape, Shape::Number(_) | Shape::Duration);
        let relations: Vec<Relation> = Relation::ALL
            .into_iter()
            .filter(|relation| ordered || matches!(relation, Relation::Equal | Relation::NotEqual))
            .collect();
        (Just(field), prop::sample::select(relations), value(shape, this), any::<bool>()).prop_map(
            |(field, relation, other, turned)| {
                let field = Operand::Field(field);
                let (left, right) = if turned { (other, field) } else { (field, other) };
                Comparison::new(left, relation, right).unwrap()
            },
        )
    })
}

fn hours() -> impl Strategy<Value = Hours> {
    let clock = || {
        prop::option::of((0..24u32, 0..60u32, prop_oneof![Just(0), 0..60u32]))
            .prop_map(|time| time.map(|(hour, minute, second)| NaiveTime::from_hms_opt(hour, minute, second).unwrap()))
    };
    let zones = vec![chrono_tz::UTC, chrono_tz::Europe::Berlin, chrono_tz::America::Argentina::Buenos_Aires];
    (clock(), clock(), prop::sample::subsequence(WEEKDAYS.to_vec(), 0..=7), prop::sample::select(zones))
        .prop_filter_map("leaves something out", |(after, before, days, zone)| {
            Hours::new(after, before, days, zone).ok()
        })
}

/// Statuses of a system or states of an objective, one of which must apply.
fn states(this: Owner) -> impl Strategy<Value = Term> {
    let known =
        field(this).prop_filter("a status", |field| matches!(field.property, Property::Status | Property::State));
    known.prop_flat_map(|field| {
        let words = prop::collection::vec(prop::sample::select(field.property.words()), 2..4);
        words.prop_map(move |words| {
            let is = |word: &str| {
                let (left, right) = (Operand::Field(field.clone()), Operand::Text(word.to_owned()));
                Term::Compare(Comparison { left, relation: Relation::Equal, right })
            };
            Term::Any(words.into_iter().map(is).collect())
        })
    })
}

/// Any valid condition about objectives.
pub(crate) fn term() -> impl Strategy<Value = Term> {
    term_for(Owner::Objective)
}

/// Any valid condition.
pub(crate) fn term_for(this: Owner) -> impl Strategy<Value = Term> {
    let policies = u32::from(this == Owner::Objective);
    let leaf = prop_oneof![
        6 => comparison(this).prop_map(Term::Compare),
        1 => hours().prop_map(Term::Time),
        1 => states(this),
        policies => prop::sample::select(Urgency::ALL.to_vec()).prop_map(Term::Policy),
    ];
    leaf.prop_recursive(6, 40, 4, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(Term::All),
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(Term::Any),
            2 => inner.clone().prop_map(|term| Term::Not(Box::new(term))),
            1 => (inner.clone(), duration()).prop_map(|(term, for_ms)| Term::Held { term: Box::new(term), for_ms }),
            1 => (inner, 1..=MOST_TIMES, duration()).prop_map(|(term, times, within_ms)| {
                Term::Repeated { term: Box::new(term), times, within_ms }
            }),
        ]
    })
    .prop_filter("within its bounds", |term| term.check_size().is_ok())
}

/// Pieces of expressions, valid and broken.
fn soup() -> impl Strategy<Value = String> {
    let pieces = [
        "(",
        ")",
        "!",
        "&&",
        "||",
        "<",
        "<=",
        "==",
        "!=",
        ">=",
        ">",
        "=",
        "[",
        "]",
        ",",
        ":",
        ".",
        "-",
        "'",
        "\"",
        "isBreaching",
        "budgetRemainingPercent",
        "burnRates.1h",
        "health.db.status",
        "health[\"a.b\"].inStatusFor",
        "slo.x.state",
        "state.slo.x.fastBurn",
        "\"healthy\"",
        "'down'",
        "20",
        "-0.5",
        "10m",
        "1h30m",
        "1e9",
        "0s",
        "99999999999999999999",
        "time(",
        "after:",
        "\"22:00\"",
        "weekday:",
        "[Sat, Sun]",
        "timezone:",
        "policy(",
        "\"page\"",
        "for",
        "at",
        "least",
        "times",
        "in",
        "true",
        "null",
        "ä",
        "≤",
        "\0",
        "\u{202e}",
        "🙂",
        "\n",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..40).prop_map(|parts| parts.join(" "))
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_as_the_same_tree(term in term()) {
        let printed = term.to_string();
        prop_assert_eq!(Term::parse(&printed, Owner::Objective), Ok(term), "{}", printed);
    }

    #[test]
    fn any_text_check(text in "\\PC{0,60}") {
        check(&text);
    }

    #[test]
    fn any_characters_are_answered(characters in prop::collection::vec(any::<char>(), 0..40)) {
        check(&characters.into_iter().collect::<String>());
    }

    #[test]
    fn any_soup_of_tokens_check(text in soup()) {
        check(&text);
    }

    #[test]
    fn any_broken_expression_check(term in term(), at in any::<prop::sample::Index>(), c in any::<char>()) {
        let mut text: Vec<char> = term.to_string().chars().collect();
        let at = at.index(text.len());
        text[at] = c;
        check(&text.iter().collect::<String>());
        text.remove(at);
        check(&text.iter().collect::<String>());
        text.truncate(at);
        check(&text.iter().collect::<String>());
    }
}

#[test]
fn parentheses_and_blanks_change_nothing_but_grouping() {
    for (text, printed) in [
        ("budgetRemainingPercent<20", "budgetRemainingPercent < 20"),
        ("((isBreaching))", "isBreaching"),
        ("isBreaching == true", "isBreaching"),
        ("isBreaching&&fastBurn||hasOpenDowntime", "(isBreaching && fastBurn) || hasOpenDowntime"),
        ("isBreaching && (fastBurn || hasOpenDowntime)", "isBreaching && (fastBurn || hasOpenDowntime)"),
        ("!!fastBurn", "!!fastBurn"),
        ("! ( budgetRemainingPercent < 20 )", "!(budgetRemainingPercent < 20)"),
        ("state.slo.api.isBreaching", "slo.api.isBreaching"),
        ("state.health.api.status == 'healthy'", "health.api.status == \"healthy\""),
        ("state.health['a.b'].inMaintenance", "health[\"a.b\"].inMaintenance"),
        ("slo[\"api\"].isBreaching", "slo.api.isBreaching"),
        ("health['a.b'].status=='healthy'", "health[\"a.b\"].status == \"healthy\""),
        ("health.db-primary.status == \"unhealthy\"", "health.db-primary.status == \"unhealthy\""),
        ("health.edge/eu-1:proxy.inStatusFor > 90m", "health.edge/eu-1:proxy.inStatusFor > 1h30m"),
        ("errorBudgetRemainingMinutes < 10m", "errorBudgetRemainingMinutes < 10m"),
        ("errorBudgetRemainingMinutes < -0.50", "errorBudgetRemainingMinutes < -0.5"),
        ("20.000 >= budgetRemainingPercent", "20 >= budgetRemainingPercent"),
        ("(isBreaching) for 15m", "(isBreaching) for 15m"),
        ("(isBreaching) for 15m && fastBurn", "(isBreaching) for 15m && fastBurn"),
        ("(fastBurn) at least 1 time in 1h", "(fastBurn) at least 1 times in 1h"),
        ("time(weekday: Sunday, after: '22:00')", "time(after: \"22:00\", weekday: [Sun])"),
        ("policy('ticket')", "policy(\"ticket\")"),
    ] {
        assert_eq!(Term::parse(text, Owner::Objective).map(|term| term.to_string()), Ok(printed.to_owned()), "{text}");
    }
}

#[test]
fn an_error_marks_what_is_wrong() {
    let text = "isBreaching &&\n  budgetRemainingPercnt < 20";
    let error = Term::parse(text, Owner::Objective).unwrap_err();
    assert_eq!(error.place(text), (2, 3));
    assert_eq!(error.excerpt(text), "  budgetRemainingPercnt < 20\n  ^^^^^^^^^^^^^^^^^^^^^");
    assert_eq!(error.message, "\"budgetRemainingPercnt\" is not a field of an objective");
    assert!(error.remedy == "did you mean budgetRemainingPercent?", "{}", error.remedy);
    let text = format!("{}isBreaching > 1{}", "fastBurn && ".repeat(20), " && fastBurn".repeat(20));
    let error = Term::parse(&text, Owner::Objective).unwrap_err();
    let excerpt = error.excerpt(&text);
    let (line, marks) = excerpt.split_once('\n').unwrap();
    assert!(line.starts_with('…') && line.ends_with('…'), "{excerpt}");
    assert_eq!(line.chars().nth(marks.chars().count() - 1), Some('1'), "{excerpt}");
}

#[test]
fn what_is_huge_or_deep_is_refused_at_once() {
    for (text, message) in [
        ("(".repeat(100_000), "longer than 16 KiB"),
        ("(".repeat(10_000), "nested more than 64 deep"),
        (format!("{}isBreaching{}", "(".repeat(8000), ")".repeat(8000)), "nested more than 64 deep"),
        ("!".repeat(10_000), "nested more than 64 deep"),
        ("!(".repeat(5_000), "nested more than 64 deep"),
        (format!("{}isBreaching", "!".repeat(60)), "nested more than 24 deep"),
        ("isBreaching && ".repeat(100_000), "longer than 16 KiB"),
        ("9".repeat(10_000), "is too large"),
        (format!("budgetRemainingPercent < {}", "9".repeat(10_000)), "is too large"),
        (format!("budgetRemainingPercent < 0.{}", "9".repeat(10_000)), "more than 6 decimals"),
        (format!("health.{}.status == \"healthy\"", "a".repeat(300)), "is not a name"),
        (format!("health{} == 1", ".a".repeat(5_000)), "is not a field of a system"),
        (format!("{} == 1", "a".repeat(10_000)), "is not a field of an objective"),
        (format!("state == \"{}\"", "a".repeat(10_000)), "state is never"),
        (format!("time(weekday: [{}])", "Sat, ".repeat(3_000)), "a day of the week"),
        ("🙂".repeat(5_000), "longer than 16 KiB"),
        ("\0".repeat(10_000), "unexpected character"),
        (format!("(isBreaching){}", " for 5m".repeat(1_000)), "a term can have only one `for` or `at least`"),
    ] {
        let error = Term::parse(&text, Owner::Objective).expect_err(message);
        assert!(error.message.contains(message), "{}", error.message);
        assert!(error.to_string().len() < 1500, "{error}");
        assert!(error.excerpt(&text).len() < 1000);
    }
    // The largest allowed expression is read.
    let wide = format!("isBreaching{}", " && fastBurn".repeat(1_000));
    assert_eq!(Term::parse(&wide, Owner::Objective).unwrap().to_string(), wide);
    let deep = format!("{}isBreaching{}", "(".repeat(64), ")".repeat(64));
    assert_eq!(Term::parse(&deep, Owner::Objective).unwrap().to_string(), "isBreaching");
}
