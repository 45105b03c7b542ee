//! Owns replacing Latin letters with marks by plain ones. Entries may be added but never changed, so that a later
//! export gives the same names as an earlier one.

/// The plain letters for a block, in order; `.` for none.
const LATIN_1: &str = "A A A A A A AE C E E E E I I I I D N O O O O O . O U U U U Y TH ss \
                       a a a a a a ae c e e e e i i i i d n o o o o o . o u u u u y th y";
const EXTENDED_A: &str = "A a A a A a C c C c C c C c D d D d E e E e E e E e E e G g G g G g G g H h H h I i I i I i I i I i IJ ij \
                          J j K k k L l L l L l L l L l N n N n N n n N n O o O o O o OE oe R r R r R r S s S s S s S s T t T t T t \
                          U u U u U u U u U u U u W w Y y Y Z z Z z Z z s";
const COMMA_BELOW: &str = "S s T t";

/// The blocks of letters with plain ones, each by its first letter.
const BLOCKS: [(char, &str); 3] = [('\u{c0}', LATIN_1), ('\u{100}', EXTENDED_A), ('\u{218}', COMMA_BELOW)];

/// The plain letter for one with marks; empty for a separate mark, as some programs write it after its letter.
pub(super) fn plain(letter: char) -> Option<&'static str> {
    if matches!(letter, '\u{300}'..='\u{36f}') {
        return Some("");
    }
    let (first, letters) = BLOCKS.iter().rev().find(|(first, _)| letter >= *first)?;
    let index = letter as usize - *first as usize;
    letters.split_ascii_whitespace().nth(index).filter(|plain| *plain != ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_with_marks_have_plain_ones() {
        let plain = |text: &str| -> String {
            text.chars().map(|c| plain(c).map_or_else(|| c.to_string(), str::to_owned)).collect()
        };
        for (text, expected) in [
            ("ÄÖÜäöüß", "AOUaouss"),
            ("àéîõÿÇñ", "aeioyCn"),
            ("Þórð Æsir Øre", "Thord Aesir Ore".replace("Th", "TH").replace("Ae", "AE").as_str()),
            ("ŻółćĄęŁń", "ZolcAeLn"),
            ("ČeskýŘíž", "CeskyRiz"),
            ("őűŐŰ", "ouOU"),
            ("ĞışİÇ", "GisIC"),
            ("ȘșȚț", "SsTt"),
            ("œŒĳ", "oeOEij"),
            ("Zażółć \u{17f}\u{17e}", "Zazolc sz"),
            ("a×b÷c", "a×b÷c"),
            ("日本 Ω", "日本 Ω"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn every_block_is_as_long_as_its_letters() {
        let lengths = BLOCKS.map(|(_, letters)| letters.split_ascii_whitespace().count());
        assert_eq!(lengths, [0x100 - 0xc0, 0x180 - 0x100, 0x21c - 0x218]);
    }
}
