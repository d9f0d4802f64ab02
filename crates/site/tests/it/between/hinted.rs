//! Payments that their payee asked for by a link: both ends search.

use protocol::{Hash, PayLink, PayNumber};
use site::{Answer, Caller, Command, CommandId, Found, Hint, Query};

use super::paid::three;
use crate::seek::land::{Land, agent};
use crate::town::{cuid, units, user};

const OPEN_MS: i64 = 3_600_000;

/// A link by which the payee is paid so much.
async fn link(land: &Land, payee: &str, milli: i64) -> PayLink {
    let expires = land.now().plus_ms(OPEN_MS).unwrap();
    let query =
        Query::PayLink { user: cuid(payee), units: units(milli).try_into().unwrap(), expires };
    let Found::PayLink(link) = land.site_of(payee).query(&user(payee), query).await.unwrap() else {
        panic!("a link")
    };
    *link.expect("it is known where the site answers")
}

/// The payer pays what the link asks for, with the number in it or another one.
async fn pays(land: &Land, name: u8, link: &PayLink, number: PayNumber) {
    let milli = link.units.get().milli();
    let authorisation = Box::new(land.signed(name, ["ann", "cat"], [milli, milli]));
    let hint = Some(Hint { number, expires: link.expires });
    let (site, id) = (land.site_of("ann").clone(), CommandId::new("pay").unwrap());
    let command = Command::PayByLift { authorisation, hint };
    let asked =
        tokio::spawn(async move { site.command(&Caller::User(cuid("ann")), &id, command).await });
    land.until(&asked).await;
    assert!(matches!(asked.await.unwrap(), Ok(Answer::Paid(_))));
}

/// How many adverts the payee's site has made.
fn adverts(land: &Land) -> u64 {
    land.sites[2].search_counts().seeker.advertised
}

#[tokio::test]
async fn a_payee_that_asked_by_a_link_searches_too_and_for_nobody_else() {
    let land = three().await;
    land.sites[2].answers_at(Some("198.51.100.7:8421".parse().unwrap()));
    let link = link(&land, "cat", 5_000).await;
    // As it is handed over, and read again.
    assert_eq!(link.to_string().parse::<PayLink>(), Ok(link.clone()));
    assert_eq!((link.payee.agent, link.units), (agent(2), units(5_000).try_into().unwrap()));
    // A number that its site did not make moves nobody to search; the payment is made all the same.
    pays(&land, 1, &link, PayNumber::of(&Hash::of(b"guessed"))).await;
    assert_eq!(adverts(&land), 0);
    pays(&land, 2, &link, link.number).await;
    assert!(adverts(&land) > 0);
    // The number is for this amount and time only.
    let before = adverts(&land);
    let dearer = PayLink { units: units(5_001).try_into().unwrap(), ..link.clone() };
    pays(&land, 3, &dearer, link.number).await;
    let later = PayLink { expires: land.now().plus_ms(2 * OPEN_MS).unwrap(), ..link.clone() };
    pays(&land, 4, &later, link.number).await;
    land.world.pass(OPEN_MS);
    pays(&land, 5, &link, link.number).await;
    assert_eq!(adverts(&land), before, "too late, or something else");
    land.calms().await;
    assert_eq!(land.balances(1).await[1], 25_001);
    land.assert_sound().await;
}
