//! What else is kept: who the site is, settings, contracts, invites, lifts, dictionary words.

use protocol::{ContractId, LiftId};
use store::{
    Contract, Founded, Invite, Kind, Lift, LiftLeg, LiftPart, Meta, Payment, SCHEMA, StoreError,
    Word,
};

use crate::places::{Home, everywhere};
use crate::world::{agent, at, cuid, hash, lift, link, payment, payment_id, two_halves, units};

async fn who_the_site_is(home: &Home) {
    let fresh = Meta { schema: SCHEMA, founded: None, epoch: 0 };
    assert_eq!(home.store.read().await.unwrap().meta().await.unwrap(), fresh);
    let founded = Founded { agent: agent(1), at: at(0) };
    let mut tx = home.store.begin().await.unwrap();
    tx.found(&founded).await.unwrap();
    assert_eq!(tx.new_epoch().await, Ok(1));
    tx.commit().await.unwrap();
    let store = home.reopened().await;
    let meta = store.read().await.unwrap().meta().await.unwrap();
    assert_eq!(meta, Meta { schema: SCHEMA, founded: Some(founded), epoch: 1 });
    let mut tx = store.begin().await.unwrap();
    let error = tx.found(&Founded { agent: agent(2), at: at(1) }).await.unwrap_err();
    assert!(matches!(error, StoreError::Duplicate { kind: Kind::Setting, .. }), "{error}");
}

async fn settings(home: &Home) {
    let mut tx = home.store.begin().await.unwrap();
    tx.set("b", Some("1")).await.unwrap();
    tx.set("a", Some("")).await.unwrap();
    tx.set("b", Some("2")).await.unwrap();
    tx.set("c", Some("3")).await.unwrap();
    tx.set("c", None).await.unwrap();
    tx.set("never", None).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = home.store.read().await.unwrap();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(view.settings().await.unwrap(), [pair("a", ""), pair("b", "2")]);
    assert_eq!(view.setting("b").await.unwrap().as_deref(), Some("2"));
    assert_eq!(view.setting("c").await.unwrap(), None);
}

async fn contracts_keep_their_first_text(home: &Home) {
    let contract = |name: &str, text: &str| {
        let rid = ContractId::from(hash(name));
        Contract { rid, text: text.to_owned(), at: at(1) }
    };
    let (one, two) = (contract("one", "first"), contract("two", "second"));
    let mut tx = home.store.begin().await.unwrap();
    tx.put_contract(&one).await.unwrap();
    tx.put_contract(&two).await.unwrap();
    tx.put_contract(&contract("one", "other")).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = home.store.read().await.unwrap();
    assert_eq!(view.contract(&one.rid).await.unwrap().as_ref(), Some(&one));
    let mut all = [one, two];
    all.sort_by_key(|contract| contract.rid.to_string());
    assert_eq!(view.contracts().await.unwrap(), all);
    assert_eq!(view.contract(&contract("three", "").rid).await.unwrap(), None);
}

async fn invites_are_used_up(home: &Home) {
    two_halves(&home.store).await;
    let invite = Invite {
        token: hash("token"),
        holder: cuid("anne"),
        text: "{}".to_owned(),
        expires: Some(at(9)),
        uses_left: Some(2),
    };
    let open = Invite { token: hash("open"), expires: None, uses_left: None, ..invite.clone() };
    let mut tx = home.store.begin().await.unwrap();
    tx.put_invite(&invite).await.unwrap();
    tx.put_invite(&open).await.unwrap();
    let used = Invite { uses_left: Some(1), ..invite.clone() };
    tx.put_invite(&used).await.unwrap();
    assert_eq!(tx.invite(&invite.token).await.unwrap(), Some(used));
    assert_eq!(tx.invites(&cuid("anne")).await.unwrap().len(), 2);
    assert_eq!(tx.invites(&cuid("bert")).await.unwrap(), []);
    assert_eq!(tx.drop_invite(&invite.token).await, Ok(true));
    assert_eq!(tx.drop_invite(&invite.token).await, Ok(false));
    tx.put_invite(&invite).await.unwrap();
    assert_eq!(tx.drop_invites().await, Ok(2));
    assert_eq!(tx.invites(&cuid("anne")).await.unwrap(), []);
    tx.put_invite(&open).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = home.store.read().await.unwrap();
    assert_eq!(view.invites(&cuid("anne")).await.unwrap(), [open]);
    drop(view);
    let mut tx = home.store.begin().await.unwrap();
    let error = tx.put_invite(&Invite { holder: cuid("cleo"), ..invite }).await.unwrap_err();
    assert_eq!(error, StoreError::Missing { kind: Kind::Invite, which: "of cleo".to_owned() });
}

async fn lifts_and_their_legs(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let (one, two, three) = (lift("one", 1), lift("two", 2), lift("three", 2));
    let leg = |of: &Lift, half: &store::Half, effect: i64| LiftLeg {
        lift: of.id,
        half: half.id,
        chit: hash(&format!("leg {effect}")),
        effect: units(effect),
    };
    let legs = [leg(&one, &anne, 5), leg(&one, &bert, -5)];
    let mut tx = home.store.begin().await.unwrap();
    for lift in [&one, &two, &three] {
        tx.put_lift(lift).await.unwrap();
    }
    tx.add_legs(&[legs[1].clone(), legs[0].clone(), leg(&two, &anne, 1)]).await.unwrap();
    // Status, certificate and date change; what the lift is does not.
    let certificate = Some("{\"commit\":true}".to_owned());
    let status = "commit".to_owned();
    let decided = Lift { status, certificate, changed: at(7), ..one.clone() };
    let told =
        Lift { kind: "x".to_owned(), record: "y".to_owned(), date: at(9), ..decided.clone() };
    tx.put_lift(&told).await.unwrap();
    tx.commit().await.unwrap();

    let store = home.reopened().await;
    let mut view = store.read().await.unwrap();
    assert_eq!(view.lift(&one.id).await.unwrap().as_ref(), Some(&decided));
    assert_eq!(view.legs(&one.id).await.unwrap(), legs);
    let mut newest = [two, three];
    newest.sort_by_key(|lift| std::cmp::Reverse(lift.id.to_string()));
    assert_eq!(view.lifts(None, 2).await.unwrap(), newest);
    let page = view.lifts(Some((newest[0].date, newest[0].id)), 9).await.unwrap();
    assert_eq!(page, [newest[1].clone(), decided]);
    drop(view);

    let mut tx = store.begin().await.unwrap();
    let error = tx.add_legs(&legs[..1]).await.unwrap_err();
    assert!(matches!(error, StoreError::Duplicate { kind: Kind::Leg, .. }), "{error}");
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    let error = tx.add_legs(&[leg(&lift("unknown", 0), &anne, 1)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Missing { kind: Kind::Leg, .. }), "{error}");
}

async fn what_lifts_did_is_found_by_lift_half_and_holder(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let lifts = [lift("one", 1), lift("two", 2), lift("three", 2)];
    let leg = |of: &Lift, half: &store::Half, effect: i64| LiftLeg {
        lift: of.id,
        half: half.id,
        chit: hash(&format!("leg {effect} {half:?}")),
        effect: units(effect),
    };
    let most = (1_i64 << 53) - 1;
    let legs = [
        leg(&lifts[0], &anne, most),
        leg(&lifts[0], &bert, -most),
        leg(&lifts[1], &anne, -5),
        leg(&lifts[1], &anne, 7),
    ];
    let mut tx = home.store.begin().await.unwrap();
    for lift in &lifts {
        tx.put_lift(lift).await.unwrap();
    }
    tx.add_legs(&legs).await.unwrap();
    tx.append(&[link(anne.id, 1, 5), link(anne.id, 2, 6), link(bert.id, 1, 7)]).await.unwrap();
    let head = |half: &store::Half, head_index| {
        let row = store::HalfRow { head_index, ..half.row.clone() };
        store::Half { row, ..half.clone() }
    };
    tx.put_halves(&[head(&anne, 2)]).await.unwrap();
    tx.commit().await.unwrap();

    let store = home.reopened().await;
    let mut view = store.read().await.unwrap();
    let at = |leg: &LiftLeg, half: &store::Half| store::LegAt {
        leg: leg.clone(),
        holder: half.holder.clone(),
        tally: half.tally,
        side: half.side,
        partner: half.row.partner.clone(),
    };
    let both = [at(&legs[0], &anne), at(&legs[1], &bert)];
    assert_eq!(view.legs_at(&lifts[0].id).await.unwrap(), both);
    assert_eq!(view.legs_at(&lifts[2].id).await.unwrap(), []);

    let of_anne = view.legs_of_halves(&[anne.id, anne.id, store::HalfId::new(99)]).await.unwrap();
    let mut all = vec![legs[0].clone(), legs[2].clone(), legs[3].clone()];
    all.sort_by_key(|leg| (leg.lift.to_string(), leg.chit.to_string()));
    assert_eq!(of_anne, all);

    let sum = |lift: &Lift, legs, raised| store::LegSum { lift: lift.id, legs, raised };
    let mut sums = vec![sum(&lifts[0], 2, most.into()), sum(&lifts[1], 2, 7), sum(&lifts[2], 0, 0)];
    sums.sort_by_key(|sum| sum.lift.to_string());
    let ids: Vec<_> = lifts.iter().map(|lift| lift.id).collect();
    assert_eq!(view.leg_sums(&ids).await.unwrap(), sums);

    let (anne_, bert_) = (cuid("anne"), cuid("bert"));
    let [one, two, _] = &lifts;
    assert_eq!(view.lifts_of(&anne_, None, 9).await.unwrap(), [two.clone(), one.clone()]);
    assert_eq!(view.lifts_of(&anne_, None, 1).await.unwrap(), std::slice::from_ref(two));
    let later = view.lifts_of(&anne_, Some((two.date, two.id)), 9).await.unwrap();
    assert_eq!(later, std::slice::from_ref(one));
    assert_eq!(view.lifts_of(&bert_, None, 9).await.unwrap(), std::slice::from_ref(one));
    assert_eq!(view.lifts_of(&cuid("cleo"), None, 9).await.unwrap(), []);

    // The last link is the one that the half's row names.
    let last = view.last_links(&[bert.id, anne.id]).await.unwrap();
    assert_eq!(last, [link(anne.id, 2, 6)]);
}

async fn a_payment_is_kept_once(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let (one, two) = (lift("one", 1), lift("two", 2));
    let leg = |of: &Lift, half: &store::Half, effect: i64| LiftLeg {
        lift: of.id,
        half: half.id,
        chit: hash(&format!("leg {effect}")),
        effect: units(effect),
    };
    let paid = payment(1, "anne", one.id);
    // Another payer may have chosen the same name.
    let other = payment(1, "bert", two.id);
    let mut tx = home.store.begin().await.unwrap();
    tx.put_lift(&one).await.unwrap();
    tx.put_lift(&two).await.unwrap();
    tx.add_legs(&[leg(&one, &anne, -5), leg(&one, &bert, 5), leg(&two, &anne, 7)]).await.unwrap();
    tx.add_payments(&[other.clone(), paid.clone()]).await.unwrap();
    tx.commit().await.unwrap();

    let store = home.reopened().await;
    let mut view = store.read().await.unwrap();
    let both = [paid.clone(), other.clone()];
    assert_eq!(view.payments(&[paid.id, payment_id(2)]).await.unwrap(), both);
    assert_eq!(view.payments_by_lift(&[one.id]).await.unwrap(), std::slice::from_ref(&paid));
    let mut all = both.to_vec();
    all.sort_by_key(|payment| payment.lift.to_string());
    assert_eq!(view.payments_by_lift(&[two.id, one.id, two.id]).await.unwrap(), all);
    let mut named = view.lifts_named(&[two.id, one.id, two.id, lift("none", 3).id]).await.unwrap();
    assert!(named.is_sorted_by_key(|lift| lift.id.to_string()));
    named.sort_by_key(|lift| lift.date);
    assert_eq!(named, [one.clone(), two.clone()]);
    let own = view.legs_of_holder(&cuid("anne"), &[one.id, two.id]).await.unwrap();
    let mut effects: Vec<_> = own.iter().map(|leg| leg.leg.effect.milli()).collect();
    effects.sort_unstable();
    assert_eq!(effects, [-5, 7]);
    assert_eq!(view.legs_of_holder(&cuid("bert"), &[two.id]).await.unwrap(), []);
    drop(view);

    let mut tx = store.begin().await.unwrap();
    let error = tx.add_payments(&[Payment { lift: two.id, ..paid.clone() }]).await.unwrap_err();
    assert!(matches!(error, StoreError::Duplicate { kind: Kind::Payment, .. }), "{error}");
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    let lost = payment(3, "anne", lift("unknown", 0).id);
    let error = tx.add_payments(&[lost]).await.unwrap_err();
    assert!(matches!(error, StoreError::Missing { kind: Kind::Payment, .. }), "{error}");
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    let lost = Payment { authorisation: "\0".to_owned(), ..payment(3, "anne", one.id) };
    let error = tx.add_payments(&[lost]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unfit { kind: Kind::Payment, .. }), "{error}");
}

async fn a_part_in_a_lift_is_kept_until_nobody_needs_it(home: &Home) {
    let part = |lift: &str, key: &str, is_open| LiftPart {
        lift: LiftId::from(hash(lift)),
        key: hash(key),
        payment: None,
        state: format!("{{\"{lift}\":\"{key}\"}}"),
        is_open,
        deadline: at(5),
        changed: at(1),
    };
    let mut all = vec![part("one", "a", true), part("one", "b", true), part("two", "a", true)];
    all.sort_by_key(|part| (part.lift.to_string(), part.key.to_string()));
    let mut tx = home.store.begin().await.unwrap();
    for part in all.iter().rev() {
        tx.put_part(part).await.unwrap();
    }
    tx.put_part(&part("done", "a", false)).await.unwrap();
    tx.lock_name("a payment").await.unwrap();
    tx.commit().await.unwrap();

    let store = home.reopened().await;
    let mut view = store.read().await.unwrap();
    assert_eq!(view.open_parts(None, 9).await.unwrap(), all);
    // Page by page it is the same.
    let (mut seen, mut after) = (Vec::new(), None);
    while let Some(part) = view.open_parts(after, 1).await.unwrap().pop() {
        after = Some((part.lift, part.key));
        seen.push(part);
    }
    assert_eq!(seen, all);
    let (mut seen, mut after) = (Vec::new(), None);
    while let Some(part) = view.all_parts(after, 1).await.unwrap().pop() {
        after = Some((part.lift, part.key));
        seen.push(part);
    }
    let done = part("done", "a", false);
    assert!(seen.is_sorted_by_key(|part| (part.lift.to_string(), part.key.to_string())));
    assert_eq!((seen.len(), seen.contains(&done)), (all.len() + 1, true));
    let mut of_one: Vec<_> =
        all.iter().filter(|one| one.lift == part("one", "a", true).lift).cloned().collect();
    of_one.sort_by_key(|part| part.key.to_string());
    assert_eq!(view.parts_in(&of_one[0].lift).await.unwrap(), of_one);
    drop(view);

    // What it pays is known later than the part, and then for good; its deadline never changes.
    let mut tx = store.begin().await.unwrap();
    let [locked, _] = &tx.lock_parts(&of_one[0].lift).await.unwrap()[..] else { panic!() };
    let paying = LiftPart { payment: Some(payment_id(1)), changed: at(2), ..locked.clone() };
    tx.put_part(&LiftPart { deadline: at(99), ..paying.clone() }).await.unwrap();
    tx.put_part(&LiftPart { payment: Some(payment_id(2)), ..paying.clone() }).await.unwrap();
    tx.put_part(&LiftPart { is_open: false, payment: None, ..paying.clone() }).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = home.reopened().await.read().await.unwrap();
    let kept = LiftPart { is_open: false, ..paying };
    assert_eq!(view.parts_paying(&payment_id(1)).await.unwrap(), std::slice::from_ref(&kept));
    assert_eq!(view.parts_paying(&payment_id(2)).await.unwrap(), []);
    assert_eq!(view.open_parts(None, 9).await.unwrap().len(), 2);
    drop(view);
    // Forgotten one by one, with the payment that it is in.
    let mut tx = store.begin().await.unwrap();
    tx.drop_part(&kept.lift, &kept.key).await.unwrap();
    let two = part("two", "a", true);
    tx.drop_part(&two.lift, &two.key).await.unwrap();
    tx.drop_part(&two.lift, &two.key).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = home.reopened().await.read().await.unwrap();
    assert_eq!(view.parts_paying(&payment_id(1)).await.unwrap(), []);
    let left = view.parts_in(&kept.lift).await.unwrap();
    assert_eq!(view.open_parts(None, 9).await.unwrap(), left);
    assert_eq!(left.len(), 1);
    drop(view);
    let mut tx = store.begin().await.unwrap();
    let unfit = LiftPart { state: "\0".to_owned(), ..part("three", "a", true) };
    let error = tx.put_part(&unfit).await.unwrap_err();
    assert!(matches!(error, StoreError::Unfit { kind: Kind::Part, .. }), "{error}");
}

async fn a_new_language_is_data(home: &Home) {
    let word = |title: &str| Word {
        language: "de".to_owned(),
        view: "users_v".to_owned(),
        column: "cuid".to_owned(),
        value: String::new(),
        title: title.to_owned(),
        help: String::new(),
    };
    let mut tx = home.store.begin().await.unwrap();
    tx.put_words(&[word("Nutzer"), word("Benutzername")]).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = home.store.read().await.unwrap();
    assert_eq!(view.words("de").await.unwrap(), [word("Benutzername")]);
    let (english, spanish) = (view.words("en").await.unwrap(), view.words("es").await.unwrap());
    let name = |word: &Word| (word.view.clone(), word.column.clone(), word.value.clone());
    let names: Vec<_> = english.iter().map(name).collect();
    assert!(names.is_sorted() && names.len() > 50);
    assert_eq!(names, spanish.iter().map(name).collect::<Vec<_>>());
    assert!(
        english.iter().chain(&spanish).all(|word| !word.title.is_empty() && !word.help.is_empty())
    );
}

everywhere!(
    who_the_site_is,
    settings,
    contracts_keep_their_first_text,
    invites_are_used_up,
    lifts_and_their_legs,
    what_lifts_did_is_found_by_lift_half_and_holder,
    a_payment_is_kept_once,
    a_part_in_a_lift_is_kept_until_nobody_needs_it,
    a_new_language_is_data,
);
