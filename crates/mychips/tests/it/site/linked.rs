//! Invitations between two sites as people hand them over: a link, a picture, one for many; and what is said
//! where one is worth nothing (any more).

use super::pair::Two;
use super::town::Town;
use crate::run::Run;

impl Town {
    /// What a command prints that must go well; remarks beside it do not count.
    fn says(&self, words: &str) -> String {
        let run = self.run(words);
        assert_eq!(run.code, 0, "mychips {words}\n{}", run.err);
        run.out
    }

    /// The same, with something on its standard input.
    fn is_told(&self, words: &str, input: &str) -> String {
        let file = self.room.path().join("input");
        std::fs::write(&file, input).unwrap();
        let mut command = self.command(&words.split(' ').collect::<Vec<_>>());
        let run = Run::from(command.stdin(std::fs::File::open(file).unwrap()));
        assert_eq!(run.code, 0, "mychips {words}\n{}", run.err);
        run.out
    }

    /// Why a command is refused.
    fn refuses(&self, arguments: &[&str]) -> String {
        let run = self.room_run(arguments);
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{arguments:?}: {}", run.err);
        run.err
    }
}

/// Bob's tallies by status.
fn statuses(two: &Two) -> Vec<String> {
    let tallies = two.bobs.json("tally list --as bob")["tallies"].clone();
    let tallies = tallies.as_array().unwrap().iter();
    tallies.map(|tally| tally["status"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_link_connects_two_sites_that_never_met() {
    let two = Two::new();
    let (anns, bobs) = (two.anns.serve(), two.bobs.serve());
    let link = two.anns.says("tally invite --as ann --limit 100 --their-limit 20 --link");
    let link = link.trim();
    assert!(link.starts_with("chip://ann:12D3") && link.len() < 190, "{link}");
    // As a mail program breaks it.
    let (begin, end) = link.split_at(70);
    let answered = two.bobs.is_told("tally answer - --as bob", &format!("  {begin}\r\n {end}\n"));
    assert!(answered.contains("You answered the invitation of Ann Baker"), "{answered}");
    two.wait("Ann sees who answered", || two.anns.status("ann") == "P.draft");
    two.bobs.does("tally offer ann --as bob");
    two.wait("Ann sees the offer", || two.anns.status("ann") == "P.offer");
    two.anns.does("tally accept bob --as ann");
    two.wait("Bob sees it open", || two.bobs.status("bob") == "open");
    two.bobs.does("pay ann 12.5 --as bob");
    two.agree_on(12_500);
    // The same link again is worth nothing.
    let used = two.bobs.refuses(&["tally", "answer", link, "--as", "bob"]);
    assert!(
        used.contains("the inviter's site says: the invitation is not known, or was"),
        "{used}"
    );
    bobs.end();
    anns.end();
}

#[test]
fn one_picture_at_the_counter_is_answered_by_many() {
    let two = Two::new();
    for (user, name) in [("carl", "Carl"), ("dora", "Dora")] {
        two.bobs.does(&format!("key new {user}"));
        two.bobs.room_run(&["user", "add", user, "--name", name]);
    }
    two.anns.does("key new eve");
    two.anns.room_run(&["user", "add", "eve", "--name", "Eve"]);
    let (anns, bobs) = (two.anns.serve(), two.bobs.serve());
    let invited = two.anns.json("tally invite --as ann --limit 20 --uses 3 --out counter.svg");
    let link = invited["link"].as_str().unwrap();
    let picture = std::fs::read_to_string(two.anns.room.path().join("counter.svg")).unwrap();
    assert!(picture.contains("<svg") && !picture.contains("chip://"), "a picture, and no text");
    let answer = |town: &Town, user: &str| {
        town.room_run(&["tally", "answer", link, "--as", user]);
    };
    answer(&two.bobs, "bob");
    answer(&two.bobs, "carl");
    answer(&two.anns, "eve");
    let listed = || two.anns.json("tally invitations --as ann")["invitations"][0].clone();
    two.wait("Ann sees all three", || listed()["used"] == 3);
    assert_eq!(listed()["status"], "used up");
    let used_up = two.bobs.refuses(&["tally", "answer", link, "--as", "dora"]);
    assert!(used_up.contains("was answered by as many as may answer it"), "{used_up}");
    let tallies = two.anns.json("tally list --as ann")["tallies"].clone();
    assert_eq!(tallies.as_array().unwrap().len(), 3);
    for (town, user) in [(&two.bobs, "bob"), (&two.bobs, "carl"), (&two.anns, "eve")] {
        town.does(&format!("tally offer ann --as {user}"));
    }
    for user in ["bob", "carl", "eve"] {
        two.wait("Ann sees the offer", || {
            let shown = two.anns.json(&format!("tally show {user} --as ann"));
            shown["status"] == "P.offer"
        });
        two.anns.does(&format!("tally accept {user} --as ann"));
    }
    two.wait("Bob and Carl see it open", || {
        let shown = |user: &str| two.bobs.json(&format!("tally show ann --as {user}"));
        shown("bob")["status"] == "open" && shown("carl")["status"] == "open"
    });
    two.bobs.does("pay ann 2 --as carl");
    two.wait("Ann is owed it", || two.anns.json("tally show carl --as ann")["balance"] == 2_000);
    for town in [&two.anns, &two.bobs] {
        assert_eq!(town.json("doctor")["ok"], true);
    }
    bobs.end();
    anns.end();
}

#[test]
fn what_is_taken_back_cut_or_ones_own_is_refused_with_advice() {
    let two = Two::new();
    let (anns, bobs) = (two.anns.serve(), two.bobs.serve());
    let link = two.anns.says("tally invite --as ann --limit 20 --uses 2 --link");
    let link = link.trim();
    let bob = |link: &str| two.bobs.refuses(&["tally", "answer", link, "--as", "bob"]);
    let cut = bob(&link[..link.len() - 5]);
    assert!(cut.contains("it ends too early: copy all of it"), "{cut}");
    let cut = bob(link.split_once('#').unwrap().0);
    assert!(cut.contains("copy all of it"), "{cut}");
    let other = bob(&link.replace("#invite/", "#ticket/"));
    assert!(other.contains("a newer one may"), "{other}");
    let own = two.anns.refuses(&["tally", "answer", link, "--as", "ann"]);
    assert!(own.contains("this is your own invitation"), "{own}");
    // Another agent answers there than the link says: nobody takes its word.
    let wrong = bob(&link.replace(&anns.place, &bobs.place));
    assert!(wrong.contains("could not be asked"), "{wrong}");
    let name = two.anns.json("tally invitations --as ann")["invitations"][0]["invitation"].clone();
    two.anns.room_run(&["tally", "revoke", &name.as_str().unwrap()[..8], "--as", "ann"]);
    let taken_back = bob(link);
    assert!(taken_back.contains("taken back; ask for a new one"), "{taken_back}");
    assert!(statuses(&two).is_empty());
    // Nobody is there any more.
    let link = two.anns.says("tally invite --as ann --limit 20 --link");
    anns.end();
    let gone = bob(link.trim());
    assert!(gone.contains("could not be asked") && gone.contains("try again later"), "{gone}");
    bobs.end();
}

#[test]
fn a_site_that_is_not_served_follows_a_link_and_says_what_it_cannot() {
    let two = Two::new();
    let anns = two.anns.serve();
    let link = two.anns.says("tally invite --as ann --limit 20 --link");
    let run = two.bobs.room_run(&["tally", "answer", link.trim(), "--as", "bob"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("while this site is served: mychips serve"), "{}", run.err);
    assert_eq!(two.bobs.status("bob"), "P.draft");
    let bobs = two.bobs.serve();
    two.wait("Ann hears of it", || two.anns.status("ann") == "P.draft");
    bobs.end();
    anns.end();
    // Nobody reaches it, so there is no link; the file is there for that.
    let mut nowhere = two.anns.command(&["tally", "invite", "--as", "ann", "--limit", "5", "--qr"]);
    let refused = Run::from(nowhere.env("MYCHIPS_PEERS_LISTEN", "off"));
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    assert!(refused.err.contains("not served where others reach it"), "{}", refused.err);
    let mut nowhere =
        two.anns.command(&["tally", "invite", "--as", "ann", "--limit", "5", "--link", "--json"]);
    let refused = Run::from(nowhere.env("MYCHIPS_PEERS_LISTEN", "off"));
    assert_eq!(refused.json_error()["error"], "no_place");
    assert!(
        two.anns.json("tally invitations --as ann")["invitations"].as_array().unwrap().is_empty()
    );
}

#[test]
fn what_a_partner_is_told_is_chosen_on_both_sides() {
    let two = Two::new();
    for (town, user) in [(&two.anns, "hearth"), (&two.bobs, "carl")] {
        town.does(&format!("key new {user}"));
        let way = "email=post@quernby.example";
        let more =
            ["--connect", "phone=1234", "--connect", way, "--name", "Also", "--organisation"];
        town.room_run(&[&["user", "add", user, "--name", "First"], &more[..]].concat());
    }
    let (anns, bobs) = (two.anns.serve(), two.bobs.serve());
    let invited = two.anns.says("tally invite --as hearth --limit 5 --disclose email");
    assert!(invited.contains("post@quernby.example") && invited.contains("First"), "{invited}");
    assert!(!invited.contains("1234") && !invited.contains("Also"), "{invited}");
    two.bobs.is_told("tally answer - --as carl --disclose names,phone", &invited);
    two.wait("the bakery sees who answered", || {
        two.anns.json("tally list --as hearth")["tallies"][0]["status"] == "P.draft"
    });
    two.bobs.does("tally offer hearth --as carl");
    two.wait("the offer is there", || {
        two.anns.json("tally list --as hearth")["tallies"][0]["status"] == "P.offer"
    });
    two.anns.does("tally accept carl --as hearth");
    let tally = two.anns.says("export tally carl --as hearth");
    assert!(tally.contains("Also") && tally.contains("1234"), "{tally}");
    assert_eq!(tally.matches("post@quernby.example").count(), 1, "{tally}");
    let unknown = two.anns.room_run(&[
        "tally",
        "invite",
        "--as",
        "hearth",
        "--limit",
        "5",
        "--disclose",
        "fax",
    ]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("email"), "{}", unknown.err);
    bobs.end();
    anns.end();
}
