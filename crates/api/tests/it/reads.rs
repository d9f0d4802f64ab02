//! What is asked and answered, counted and asked again.

use std::sync::Arc;

use site::{Answer, Found, Query};

use crate::town::{Town, agent, cuid, payment, request, run, tally_id};

#[test]
fn a_site_says_that_it_is_there() {
    run(async {
        let town = Town::new().await;
        let health = town.client.health().await.unwrap();
        assert_eq!(health.agent, agent());
        let Found::Status(status) = town.client.query(Query::Status).await.unwrap() else {
            panic!("another answer")
        };
        assert_eq!((status.agent, status.users, status.chits), (agent(), 2, 0));
    });
}

#[test]
fn a_command_asked_again_under_its_name_is_done_once() {
    run(async {
        let town = Arc::new(Town::new().await);
        let command = site::Command::Tally { tally: tally_id(), wish: payment("bob", 1, 7_000) };
        let first = town.ask_named("bob", "friday", command.clone()).await.unwrap();
        let again = town.ask_named("bob", "friday", command.clone()).await.unwrap();
        assert_eq!(first, again);
        let Answer::Tally { balance, .. } = first else { panic!("another answer") };
        assert_eq!(balance, -7_000);
        // From many sides at once, too.
        let all: Vec<_> = (0..16)
            .map(|_| {
                let (town, command) = (Arc::clone(&town), command.clone());
                tokio::spawn(async move { town.ask_named("bob", "friday", command).await })
            })
            .collect();
        for one in all {
            assert_eq!(one.await.unwrap().unwrap(), again);
        }
        town.client.deliver().await.unwrap();
        assert_eq!((town.balance("bob").await, town.balance("ann").await), (-7_000, 7_000));
        // An overheard request, shown again: the same answer, nothing more.
        let seen = request(|_| {}, "bob");
        for _ in 0..2 {
            assert_eq!(town.raw("POST", "/v1/query", seen.clone(), false).await.0, 200);
        }
    });
}

#[test]
fn users_see_what_administrators_see_of_them() {
    run(async {
        let town = Town::new().await;
        for id in 1..=3 {
            town.wish("bob", payment("bob", id, 1_000)).await.unwrap();
        }
        town.client.deliver().await.unwrap();
        let (user, tally) = (cuid("bob"), tally_id());
        for query in [
            Query::Tally { user: user.clone(), tally },
            Query::History { user: user.clone(), tally, before: None, limit: 2 },
            Query::Governing { user: user.clone(), tally },
            Query::User { user },
            Query::Contracts,
        ] {
            let own = town.query("bob", query.clone()).await.unwrap();
            assert_eq!(own, town.client.query(query).await.unwrap());
        }
        let Found::Doctor(page) =
            town.client.query(Query::Doctor { after: None, limit: 10 }).await.unwrap()
        else {
            panic!("another answer")
        };
        assert_eq!((page.faults.as_slice(), page.sum, page.chits), (&[][..], 0, 6));
    });
}

#[test]
fn what_is_counted_names_nobody() {
    run(async {
        let town = Town::new().await;
        town.wish("bob", payment("bob", 1, 1_000)).await.unwrap();
        town.wish("bob", payment("bob", 2, 900_000)).await.unwrap_err();
        town.raw("GET", "/nowhere/ann", "", false).await;
        town.client.deliver().await.unwrap();
        let (status, text) =
            town.client.send(hyper::Method::GET, "/metrics", Vec::new(), false).await.unwrap();
        let text = String::from_utf8(text.to_vec()).unwrap();
        assert_eq!(status, 200);
        for line in [
            r#"mychips_commands_total{kind="write",outcome="done"} 1"#,
            r#"mychips_commands_total{kind="write",outcome="refused"} 1"#,
            r#"mychips_refusals_total{error="over_limit"} 1"#,
            r#"mychips_requests_total{path="other",status="4xx"} 1"#,
            "mychips_queue 0",
            "mychips_connections 1",
            "# EOF",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        for name in ["ann", "bob", &tally_id().to_string()] {
            assert!(!text.contains(name), "{name} is named\n{text}");
        }
    });
}
