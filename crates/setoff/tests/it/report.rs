//! The report: self-contained, harmless whatever the names, bounded whatever the size.

use std::fmt::Write;

use setoff::{ReadOptions, clear, read_table, report};

fn page(text: &str, title: &str) -> String {
    let options = ReadOptions { separator: None, max_bad: 10 };
    let table = read_table(text.as_bytes(), &options).unwrap();
    report(&clear(table, &mut |_| {}).unwrap(), title)
}

#[test]
fn names_cannot_become_markup() {
    let evil = "<script>alert('1')</script>&\"\"<img src=x>";
    let text = format!("\"{evil}\",Bob,5\nBob,\"{evil}\",5\nx,<b>bad</b>,<i>\n");
    let page = page(&text, "<b>title</b>");
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>"));
    assert!(!page.contains("<i>"));
    assert!(page.contains("&lt;script&gt;alert(&#39;1&#39;)"));
}

#[test]
fn nothing_is_fetched_from_anywhere() {
    let page = page("Ann,Bob,5\nBob,Cid,3\nCid,Ann,4\n", "debts.csv");
    for word in ["http:", "https:", "//", "url(", "@import", "<script", "<link", "src="] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn every_picture_is_told_in_words_and_tables_have_captions() {
    let page = page("Ann,Bob,5\nBob,Cid,3\nCid,Ann,4\n", "debts.csv");
    for svg in page.split("<svg").skip(1) {
        let tag = &svg[..svg.find('>').unwrap()];
        assert!(tag.contains("aria-hidden=\"true\"") || tag.contains("aria-label="), "{tag}");
    }
    assert_eq!(page.matches("<table").count(), page.matches("<caption").count());
    assert_eq!(page.matches("<h1").count(), 1);
    assert!(page.contains("9.000 of debt gone"));
    assert!(page.contains("Ann</bdi> owes"));
}

#[test]
fn a_table_without_circles_has_a_page_too() {
    let page = page("Ann,Bob,5\n", "debts.csv");
    assert!(page.contains("Nothing to set off"));
    let empty = self::page("debtor,creditor,amount\n", "debts.csv");
    assert!(empty.contains("Nothing to set off"));
}

#[test]
fn long_names_and_many_members_keep_the_page_below_a_megabyte() {
    let mut text = String::new();
    for member in 0..30_000 {
        let name = "<".repeat(1000);
        let next = (member + 1) % 30_000;
        writeln!(text, "{name}{member};{name}{next};{}.5", member + 1).unwrap();
    }
    let page = page(&text, "large");
    assert!(page.len() < 1_000_000, "{}", page.len());
    assert!(page.contains("of 30,000; positions.csv has them all"));
}

#[test]
fn the_same_result_gives_the_same_page() {
    let text = "Ann,Bob,5\nBob,Cid,3\nCid,Ann,4\n";
    assert_eq!(page(text, "debts.csv"), page(text, "debts.csv"));
}
