//! The known word that an unknown one was meant for.

/// What to say after an unknown word: the nearest known one, or all of them, each after a prefix.
pub(super) fn hint<'a>(word: &str, prefix: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let away = |other: &&str| distance(word, other);
    match known.iter().copied().min_by_key(away) {
        // Beyond half of its letters it is another word.
        Some(near) if distance(word, near) * 2 <= near.chars().count() => {
            format!("; did you mean {prefix}{near}?")
        }
        _ => format!("; known are {prefix}{}", known.join(&format!(", {prefix}"))),
    }
}

/// How many letters have to be put in, taken out or changed to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut slant = line;
        let mut left = line + 1;
        for (cell, also) in row.iter_mut().skip(1).zip(&other) {
            let here = (slant + usize::from(letter != *also)).min(left + 1).min(*cell + 1);
            slant = std::mem::replace(cell, here);
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_letters() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("store", "store", 0),
            ("stroe", "store", 2),
            ("stor", "store", 1),
            ("kitten", "sitting", 3),
            ("é", "e", 1),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn the_nearest_is_named_or_all_are() {
        let known = ["store", "http.port"];
        assert_eq!(hint("http.prt", "", known.into_iter()), "; did you mean http.port?");
        assert_eq!(hint("colour", "A_", known.into_iter()), "; known are A_store, A_http.port");
    }
}
