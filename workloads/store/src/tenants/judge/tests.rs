use confab_contract::Timestamp;
use confab_contract::admin::policy::GuestsFrom;
use confab_contract::config::tenant::{Encryption, TenantConfig};

use super::*;

fn id(text: &str) -> TenantId {
    text.parse().expect("an id")
}

fn record(id_text: &str) -> TenantRecord {
    TenantRecord::new("uid-1", Timestamp::from_millis(1000), TenantConfig::new(id(id_text), "a.example.com"))
}

fn stored(record: &TenantRecord, state: TenantState) -> Stored {
    Stored::of(record, state, Timestamp::from_millis(5))
}

fn all() -> GuestPolicy {
    GuestPolicy { from: GuestsFrom::All, max_tenants: 3, ..GuestPolicy::default() }
}

/// What becomes of a record under a policy that admits everybody, with two guests there.
fn under(policy: Option<GuestPolicy>, record: &TenantRecord, stored: Option<&Stored>) -> Verdict {
    let host = Host { id: &id("chat.host"), is_known: true, policy };
    judge(record, stored, &host, &BTreeMap::new(), 2)
}

fn reason(verdict: &Verdict) -> Option<RefusalReason> {
    match verdict {
        Verdict::Store(_) => None,
        Verdict::Suspend((reason, _)) | Verdict::Refuse((reason, _)) => Some(*reason),
    }
}

#[test]
fn a_new_guest_is_served_or_hibernates_as_it_says() {
    let mut record = record("team.guest");
    assert_eq!(under(Some(all()), &record, None), Verdict::Store(TenantState::Serving));
    record.hibernated = true;
    assert_eq!(under(Some(all()), &record, None), Verdict::Store(TenantState::Hibernated));
}

#[test]
fn the_host_needs_no_policy_for_itself() {
    assert_eq!(under(None, &record("chat.host"), None), Verdict::Store(TenantState::Serving));
}

#[test]
fn without_a_policy_nobody_is_a_guest_and_the_cure_is_named() {
    let verdict = under(None, &record("team.guest"), None);
    let Verdict::Refuse((RefusalReason::NotAllowed, text)) = verdict else { panic!("{verdict:?}") };
    assert!(text.contains("chat.host") && text.contains("allowedTenants"), "{text}");
    let host = Host { id: &id("chat.host"), is_known: false, policy: None };
    let verdict = judge(&record("team.guest"), None, &host, &BTreeMap::new(), 0);
    let Verdict::Refuse((RefusalReason::NotAllowed, text)) = verdict else { panic!("{verdict:?}") };
    assert!(text.contains("not told"), "{text}");
}

#[test]
fn a_tenant_that_is_here_is_suspended_and_a_new_one_refused_where_the_policy_does_not_admit_it() {
    let guest = record("team.guest");
    let same = Some(GuestPolicy::default());
    assert!(matches!(under(same.clone(), &guest, None), Verdict::Refuse((RefusalReason::NotAllowed, _))));
    for state in [TenantState::Serving, TenantState::Hibernated, TenantState::NotAllowed] {
        let verdict = under(same.clone(), &guest, Some(&stored(&guest, state)));
        assert!(matches!(verdict, Verdict::Suspend((RefusalReason::NotAllowed, _))), "{verdict:?}");
    }
    let newer = TenantRecord { uid: "uid-2".to_owned(), ..guest.clone() };
    let verdict = under(same, &newer, Some(&stored(&guest, TenantState::Retained)));
    assert!(matches!(verdict, Verdict::Refuse((RefusalReason::NotAllowed, _))), "{verdict:?}");
}

#[test]
fn a_full_host_takes_nobody_new_and_keeps_those_who_are_there() {
    let full = Some(GuestPolicy { max_tenants: 2, ..all() });
    let guest = record("team.guest");
    assert_eq!(reason(&under(full.clone(), &guest, None)), Some(RefusalReason::HostFull));
    let there = stored(&guest, TenantState::Serving);
    assert_eq!(under(full.clone(), &guest, Some(&there)), Verdict::Store(TenantState::Serving));
    let suspended = stored(&guest, TenantState::NotAllowed);
    let verdict = under(full, &guest, Some(&suspended));
    assert!(matches!(verdict, Verdict::Suspend((RefusalReason::HostFull, _))), "{verdict:?}");
}

#[test]
fn a_host_name_has_one_owner() {
    let guest = record("team.guest");
    let host = Host { id: &id("chat.host"), is_known: true, policy: Some(all()) };
    let owned_by = |owner: &str| BTreeMap::from([("api.a.example.com".to_owned(), id(owner))]);
    let verdict = judge(&guest, None, &host, &owned_by("team.other"), 0);
    let Verdict::Refuse((RefusalReason::DomainTaken, text)) = verdict else { panic!("{verdict:?}") };
    assert!(text.contains("api.a.example.com") && !text.contains("team.other"), "{text}");
    assert_eq!(judge(&guest, None, &host, &owned_by("team.guest"), 0), Verdict::Store(TenantState::Serving));
}

#[test]
fn an_older_record_is_superseded() {
    let newer = TenantRecord { generation: 5, ..record("team.guest") };
    let there = stored(&newer, TenantState::Serving);
    let verdict = under(Some(all()), &TenantRecord { generation: 4, ..newer.clone() }, Some(&there));
    assert_eq!(reason(&verdict), Some(RefusalReason::Superseded));
    let former = TenantRecord { uid: "uid-0".to_owned(), created_at: Timestamp::from_millis(0), ..newer.clone() };
    assert_eq!(reason(&under(Some(all()), &former, Some(&there))), Some(RefusalReason::Superseded));
    assert_eq!(under(Some(all()), &newer, Some(&there)), Verdict::Store(TenantState::Serving), "the same again");
}

#[test]
fn what_was_removed_does_not_come_back_by_a_message_that_was_late() {
    let guest = record("team.guest");
    for state in [TenantState::Retained, TenantState::Deleting, TenantState::Gone] {
        let verdict = under(Some(all()), &guest, Some(&stored(&guest, state)));
        assert_eq!(reason(&verdict), Some(RefusalReason::Superseded), "{state:?}");
    }
    let changed = TenantRecord { generation: 2, ..guest.clone() };
    let there = stored(&guest, TenantState::Retained);
    assert_eq!(under(Some(all()), &changed, Some(&there)), Verdict::Store(TenantState::Serving));
}

#[test]
fn a_tenant_made_again_takes_the_retained_rows_unless_they_were_written_under_the_other_encryption() {
    let former = record("team.guest");
    let again = TenantRecord { uid: "uid-2".to_owned(), created_at: Timestamp::from_millis(2000), ..former.clone() };
    let retained = stored(&former, TenantState::Retained);
    assert_eq!(under(Some(all()), &again, Some(&retained)), Verdict::Store(TenantState::Serving));
    let mut sealed = again.clone();
    sealed.config.encryption = Encryption::EndToEnd;
    let verdict = under(Some(all()), &sealed, Some(&retained));
    let Verdict::Refuse((RefusalReason::EncryptionDiffers, text)) = verdict else { panic!("{verdict:?}") };
    assert!(text.contains("ServerReadable"), "{text}");
    let gone = stored(&former, TenantState::Gone);
    assert_eq!(under(Some(all()), &sealed, Some(&gone)), Verdict::Store(TenantState::Serving), "nothing is left");
}

#[test]
fn a_tenant_made_again_waits_while_rows_of_the_former_are_being_deleted() {
    let former = record("team.guest");
    let again = TenantRecord { uid: "uid-2".to_owned(), ..former.clone() };
    let verdict = under(Some(all()), &again, Some(&stored(&former, TenantState::Deleting)));
    assert_eq!(reason(&verdict), Some(RefusalReason::BeingDeleted));
}

#[test]
fn encryption_is_known_also_of_settings_that_this_version_does_not_understand() {
    let mut there = stored(&record("team.guest"), TenantState::Retained);
    there.config = r#"{"encryption": "EndToEnd", "of_the_future": 1}"#.to_owned();
    assert_eq!((there.encryption(), there.config()), (Encryption::EndToEnd, None));
}
