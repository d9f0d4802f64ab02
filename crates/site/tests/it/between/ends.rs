//! Sites on the way that lay a lift out so that it ends with themselves: whoever begins it does not promise it.

use std::collections::BTreeMap;

use protocol::bounded::List;
use protocol::errand::{Compose, Composed, Drawn, Errand, Laid};
use protocol::lift::Leg;
use protocol::{AgentId, SecretKey, Side, Signer as _};
use site::{Outgoing, SiteError, WhyVoid};

use super::around::circle;
use super::paid::three;
use crate::seek::land::{Land, agent, tally_of};

/// The site that lies is the second.
const LIAR: usize = 1;

/// What the liar says is beyond: nothing but its own key, and the leg that comes in over this tally.
fn nothing_beyond(asked: &Compose, tie: usize, by: Side) -> Errand {
    let leg = Leg { tally: tally_of(tie), by, units: asked.amount };
    let laid = Laid {
        enters: asked.amount,
        participants: List::new(vec![SecretKey::ed25519(&[77; 32]).public_key()]).unwrap(),
        branches: List::new(vec![leg.leaf(Some(asked.nonce)).unwrap()]).unwrap(),
    };
    let Compose { token, nonce, .. } = *asked;
    Errand::Composed(Box::new(Composed { token, nonce, drawn: Drawn::Laid(laid) }))
}

/// Time passes, with the second site lying about what is beyond; what it is asked to lay out is counted.
async fn breathe(land: &Land, lie: impl Fn(&Compose) -> Errand) -> usize {
    let mut asked = 0;
    land.world.pass(50);
    for site in &land.sites {
        site.tend_searches(land.now()).await.unwrap();
        site.tend_lifts(land.now()).await.unwrap();
        site.tend_referee(land.now()).await.unwrap();
    }
    let numbers: BTreeMap<AgentId, usize> =
        (0..land.sites.len()).map(|number| (agent(number), number)).collect();
    for (number, site) in land.sites.iter().enumerate() {
        for Outgoing { to, errand, .. } in site.take_errands().await.unwrap() {
            let answer = match &errand {
                Errand::Compose(compose) if numbers[&to] == LIAR => {
                    asked += 1;
                    Some(lie(compose))
                }
                _ => land.sites[numbers[&to]].hear_errand(agent(number), errand).await,
            };
            if let Some(answer) = answer {
                site.hear_errand(to, answer).await;
            }
        }
    }
    land.deliver().await;
    asked
}

/// Nothing is promised at the first site, nor was it ever.
async fn has_promised_nothing(land: &Land) {
    let parts = land.stores[0].read().await.unwrap().open_parts(None, 9).await.unwrap();
    assert_eq!(parts, [], "what was promised waits for a certificate that the liar can get");
}

#[tokio::test]
async fn a_payment_that_leaves_out_its_payees_site_is_not_promised() {
    let land = three().await;
    let signed = Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000]));
    let asked = land.asks("pay", signed);
    let mut lies = 0;
    for _ in 0..2_000 {
        lies += breathe(&land, |asked| nothing_beyond(asked, 0, Side::Stock)).await;
        has_promised_nothing(&land).await;
        tokio::task::yield_now().await;
        if asked.is_finished() {
            break;
        }
    }
    assert!(lies > 0, "it was asked to lay a lift out");
    let refused = asked.await.unwrap().unwrap_err();
    let expected = SiteError::NotLifted { why: WhyVoid::Unknown };
    assert_eq!(refused.to_string(), expected.to_string());
    land.assert_sound().await;
}

#[tokio::test]
async fn a_clearing_that_does_not_come_back_is_not_promised() {
    let land = circle(&[5_000, 5_000, 5_000]).await;
    let site = land.sites[0].clone();
    let asked = tokio::spawn(async move { site.clear_around().await });
    let mut lies = 0;
    for _ in 0..2_000 {
        lies += breathe(&land, |asked| nothing_beyond(asked, 0, Side::Stock)).await;
        has_promised_nothing(&land).await;
        tokio::task::yield_now().await;
        if asked.is_finished() {
            break;
        }
    }
    assert!(lies > 0, "it was asked to lay a lift out");
    assert_eq!(asked.await.unwrap().unwrap(), []);
    assert_eq!(land.balances(0).await, [5_000, -5_000]);
    land.assert_sound().await;
}
