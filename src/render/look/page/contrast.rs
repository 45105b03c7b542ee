//! Owns the contrast of two colors, for tests.

/// The contrast ratio of WCAG 2.2 between two colors such as `#1a7f37`: 1 to 21.
pub(crate) fn ratio(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(color: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    assert_eq!(color.len(), 7, "{color} is not of the form #rrggbb");
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn black_on_white_is_the_most_there_is() {
    assert!((ratio("#000000", "#ffffff") - 21.0).abs() < 1e-9);
    // An example of WebAIM's contrast checker: #777777 on white is 4.47 and fails.
    assert!((ratio("#777777", "#ffffff") - 4.478).abs() < 1e-3);
}
