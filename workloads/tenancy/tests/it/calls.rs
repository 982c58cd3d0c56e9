//! What the operator may say, and what it is answered.

use std::collections::BTreeMap;

use confab_contract::admin::policy::GuestsFrom;
use confab_contract::admin::v1::{self, ListRequest, RemoveMode, RemoveRequest, RemovedState, UpsertRequest};
use confab_contract::admin::{GuestPolicy, RefusalReason, TenantRecord};
use confab_contract::config::tenant::Encryption;
use confab_contract::{TenantId, Timestamp};
use tonic::Code;
use tonic::transport::Endpoint;

use crate::world::{Hears, Operator, World, changed, guest, host, host_record};

on_both_engines! {
    every_refusal_has_its_reason_and_the_rest_of_the_batch_is_served,
    a_tenant_made_again_takes_over_what_was_retained,
    a_batch_has_bounds_and_a_removal_is_complete,
    the_host_is_described_and_its_tenants_are_listed_in_pages,
    whoever_shows_no_token_of_the_operators_is_refused,
    calls_are_counted_by_outcome,
}

async fn every_refusal_has_its_reason_and_the_rest_of_the_batch_is_served(world: &World) {
    let process = world.still_process(Hears::Nothing).await;
    let mut operator = world.operator(&process).await;
    assert_eq!(operator.upsert(&[guest("early")]).await, [Err(RefusalReason::NotAllowed)], "the host has not spoken");
    let selective = GuestPolicy {
        from: GuestsFrom::Selector,
        match_labels: BTreeMap::from([("chat".to_owned(), "yes".to_owned())]),
        max_tenants: 3,
        ..GuestPolicy::default()
    };
    let host_record = TenantRecord { guests: Some(selective), ..host_record() };
    let labelled = |name: &str| {
        let namespace_labels = BTreeMap::from([("chat".to_owned(), "yes".to_owned())]);
        TenantRecord { namespace_labels, ..guest(name) }
    };
    let mut same_domain = labelled("rival");
    "one.example.com".clone_into(&mut same_domain.config.domain);
    let mut nonsense = labelled("nonsense");
    nonsense.config.limits.group_members = 0;
    let batch =
        [host_record, labelled("one"), same_domain, guest("stranger"), nonsense, labelled("two"), labelled("three")];
    let outcomes = operator.upsert(&batch).await;
    let expected = [
        Ok(1),
        Ok(1),
        Err(RefusalReason::DomainTaken),
        Err(RefusalReason::NotAllowed),
        Err(RefusalReason::InvalidConfig),
        Ok(1),
        Ok(1),
    ];
    assert_eq!(outcomes, expected);
    assert!(process.serves("one.example.com") && process.serves("three.example.com"));
    assert!(process.tenants.by_host("stranger.example.com").is_none());
    assert_eq!(operator.upsert(&[labelled("four")]).await, [Err(RefusalReason::HostFull)]);
    let sealed = changed(&labelled("one"), |record| record.config.encryption = Encryption::EndToEnd);
    assert_eq!(operator.upsert(&[sealed]).await, [Err(RefusalReason::EncryptionDiffers)]);
    let newer = changed(&labelled("one"), |record| record.config.limits.group_members = 9);
    assert_eq!(operator.upsert(std::slice::from_ref(&newer)).await, [Ok(2)]);
    assert_eq!(process.tenants.by_host("one.example.com").unwrap().limits().group_members, 9);
    assert_eq!(operator.upsert(&[labelled("one")]).await, [Err(RefusalReason::Superseded)]);
    assert_eq!(operator.remove(&newer, RemoveMode::Delete).await, RemovedState::Deleting);
    let again = TenantRecord { uid: "another".to_owned(), ..labelled("one") };
    assert_eq!(operator.upsert(&[again]).await, [Err(RefusalReason::BeingDeleted)]);
}

async fn a_tenant_made_again_takes_over_what_was_retained(world: &World) {
    let process = world.still_process(Hears::Nothing).await;
    let mut operator = world.operator(&process).await;
    operator.upsert(&[host_record(), guest("one")]).await;
    let key = process.keyring.kids(guest("one").id());
    assert_eq!(operator.remove(&guest("one"), RemoveMode::Retain).await, RemovedState::Retained);
    assert_eq!(operator.remove(&guest("one"), RemoveMode::Retain).await, RemovedState::Retained, "asked again");
    assert!(!process.serves("one.example.com"));
    let created_at = guest("one").created_at.plus_millis(60_000);
    let again = TenantRecord { uid: "another".to_owned(), created_at, ..guest("one") };
    assert_eq!(operator.upsert(&[again]).await, [Ok(1)]);
    assert!(process.serves("one.example.com"));
    assert_eq!(process.keyring.kids(guest("one").id()), key, "its signing key is among what was kept");
    assert_eq!(operator.remove(&guest("one"), RemoveMode::Delete).await, RemovedState::Gone, "of the former");
    assert!(process.serves("one.example.com"), "the latter is another");
}

async fn a_batch_has_bounds_and_a_removal_is_complete(world: &World) {
    let process = world.still_process(Hears::Nothing).await;
    let mut operator = world.operator(&process).await;
    let many: Vec<TenantRecord> = (0..257).map(|number| guest(&format!("g{number}"))).collect();
    for batch in [&many[..], &[]] {
        assert_eq!(operator.try_upsert(batch).await.unwrap_err().code(), Code::InvalidArgument);
    }
    operator.upsert(&[host_record()]).await;
    assert!(operator.upsert(&many[..256]).await.iter().all(Result::is_ok));
    let removal = |id: &str, mode: i32| RemoveRequest { id: id.to_owned(), uid: "x".to_owned(), mode, generation: 0 };
    for bad in [removal("Not An Id", 1), removal("team.g1", 0), removal("team.g1", 7)] {
        assert_eq!(operator.client.remove(bad).await.unwrap_err().code(), Code::InvalidArgument);
    }
    // Wire data of whatever kind are refused tenant by tenant.
    let strange = v1::TenantRecord { id: "team.x".to_owned(), config_json: "\0".to_owned(), ..Default::default() };
    let reply = operator.client.upsert(UpsertRequest { tenants: vec![strange] }).await.unwrap().into_inner();
    let Some(v1::upsert_outcome::Outcome::Refused(refused)) = &reply.outcomes[0].outcome else { panic!("{reply:?}") };
    assert_eq!(refused.reason(), v1::Refusal::InvalidConfig);
}

async fn the_host_is_described_and_its_tenants_are_listed_in_pages(world: &World) {
    let process = world.still_process(Hears::Nothing).await;
    let mut operator = world.operator(&process).await;
    let asleep = TenantRecord { hibernated: true, ..guest("asleep") };
    operator.upsert(&[host_record(), guest("one"), asleep, guest("two")]).await;
    operator.remove(&guest("two"), RemoveMode::Retain).await;
    let (mut page, mut listed) = (String::new(), Vec::new());
    loop {
        let reply = operator.client.list(ListRequest { page, page_size: 3 }).await.unwrap().into_inner();
        listed.extend(reply.tenants);
        page = reply.next_page;
        if page.is_empty() {
            break;
        }
    }
    let listed: Vec<_> = listed.iter().map(|tenant| (tenant.id.as_str(), tenant.state())).collect();
    let expected = [
        ("chat.host", v1::TenantState::Serving),
        ("team.asleep", v1::TenantState::Hibernated),
        ("team.one", v1::TenantState::Serving),
        ("team.two", v1::TenantState::Retained),
    ];
    assert_eq!(listed, expected);
    let described = operator.client.describe(v1::DescribeRequest {}).await.unwrap().into_inner();
    assert_eq!((described.host.as_str(), described.schema_version), ("chat.host", 3));
    let serving = described.tenants.iter().find(|count| count.state() == v1::TenantState::Serving).unwrap();
    assert_eq!(serving.count, 2);
}

async fn whoever_shows_no_token_of_the_operators_is_refused(world: &World) {
    let process = world.still_process(Hears::Nothing).await;
    let address = world.listen(&process, &world.admin_config()).await;
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let channel = endpoint.connect().await.unwrap();
    let other_host: TenantId = "chat.other".parse().unwrap();
    let now = confab_chassis::clock::Clock::system().now();
    let secret = |token: secrecy::SecretString| secrecy::ExposeSecret::expose_secret(&token).to_owned();
    let old = world.key.sign(&host(), now.plus_millis(-61_000));
    for token in [String::from("x"), secret(world.key.sign(&other_host, now)), secret(old)] {
        let mut stranger = Operator::new(channel.clone(), &token);
        let refused = stranger.try_upsert(&[host_record()]).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
        let refused = stranger.client.list(ListRequest::default()).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
    }
    assert_eq!(process.tenants.counts()[0].1, 0);
    let mut operator = world.operator_at(endpoint).await;
    assert_eq!(operator.upsert(&[host_record()]).await, [Ok(1)]);
}

async fn calls_are_counted_by_outcome(world: &World) {
    let process = world.still_process(Hears::Nothing).await;
    let mut operator = world.operator(&process).await;
    let mut rival = guest("rival");
    "one.example.com".clone_into(&mut rival.config.domain);
    operator.upsert(&[host_record(), guest("one"), rival]).await;
    operator.remove(&guest("one"), RemoveMode::Retain).await;
    let text = process.metrics.encode();
    for line in [
        "confab_admin_calls_total{method=\"Upsert\",outcome=\"Done\"} 2",
        "confab_admin_calls_total{method=\"Upsert\",outcome=\"DomainTaken\"} 1",
        "confab_admin_calls_total{method=\"Remove\",outcome=\"Done\"} 1",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

/// Times are in the past and in the future, and yet whole.
#[tokio::test]
async fn a_record_of_any_moment_is_taken() {
    let world = World::on_sqlite();
    let process = world.still_process(Hears::Nothing).await;
    let mut operator = world.operator(&process).await;
    let at = |millis: i64| TenantRecord { created_at: Timestamp::from_millis(millis), ..host_record() };
    assert_eq!(operator.upsert(&[at(0)]).await, [Ok(1)]);
    let far = TenantRecord { uid: "later".to_owned(), ..at(253_402_300_799_000) };
    assert_eq!(operator.upsert(&[far]).await, [Ok(1)]);
}
