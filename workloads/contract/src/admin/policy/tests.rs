use super::*;

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn selector(match_labels: &[(&str, &str)], expressions: &[(&str, LabelOperator, &[&str])]) -> GuestPolicy {
    let requirement = |(key, operator, values): &(&str, LabelOperator, &[&str])| LabelRequirement {
        key: (*key).to_owned(),
        operator: *operator,
        values: values.iter().map(ToString::to_string).collect(),
    };
    GuestPolicy {
        from: GuestsFrom::Selector,
        match_labels: labels(match_labels),
        match_expressions: expressions.iter().map(requirement).collect(),
        ..GuestPolicy::default()
    }
}

fn admits(policy: &GuestPolicy, pairs: &[(&str, &str)]) -> bool {
    policy.allows("hosts", "guests", &labels(pairs))
}

#[test]
fn same_admits_the_hosts_own_namespace_and_all_admits_every_one() {
    let same = GuestPolicy::default();
    assert!(same.allows("chat", "chat", &labels(&[])));
    assert!(!same.allows("chat", "chats", &labels(&[])));
    let all = GuestPolicy { from: GuestsFrom::All, ..GuestPolicy::default() };
    assert!(all.allows("chat", "anything", &labels(&[])));
}

#[test]
fn an_empty_selector_admits_everybody() {
    assert!(admits(&selector(&[], &[]), &[]));
    assert!(admits(&selector(&[], &[]), &[("team", "red")]));
}

#[test]
fn a_selector_does_not_admit_the_hosts_own_namespace_by_itself() {
    let policy = selector(&[("team", "red")], &[]);
    assert!(!policy.allows("chat", "chat", &labels(&[])));
}

#[test]
fn labels_match_with_key_and_value_and_all_of_them_must() {
    let policy = selector(&[("team", "red"), ("tier", "gold")], &[]);
    assert!(admits(&policy, &[("team", "red"), ("tier", "gold"), ("other", "x")]));
    assert!(!admits(&policy, &[("team", "red")]));
    assert!(!admits(&policy, &[("team", "red"), ("tier", "silver")]));
    assert!(!admits(&policy, &[("Team", "red"), ("tier", "gold")]));
    assert!(admits(&selector(&[("empty", "")], &[]), &[("empty", "")]));
    assert!(!admits(&selector(&[("empty", "")], &[]), &[]), "a label that is not there has no value");
}

#[test]
fn each_operator_means_what_it_means_to_kubernetes() {
    use LabelOperator::{DoesNotExist, Exists, In, NotIn};
    let none: &[&str] = &[];
    let cases: [(LabelOperator, &[&str], [bool; 3]); 4] = [
        // Of a label that is absent, that has one of the values, and that has another.
        (In, &["red", "blue"], [false, true, false]),
        (NotIn, &["red", "blue"], [true, false, true]),
        (Exists, none, [false, true, true]),
        (DoesNotExist, none, [true, false, false]),
    ];
    for (operator, values, [absent, listed, other]) in cases {
        let policy = selector(&[], &[("team", operator, values)]);
        assert_eq!(admits(&policy, &[]), absent, "{operator:?}, absent");
        assert_eq!(admits(&policy, &[("team", "blue")]), listed, "{operator:?}, listed");
        assert_eq!(admits(&policy, &[("team", "green")]), other, "{operator:?}, another");
    }
}

#[test]
fn labels_and_expressions_must_all_hold() {
    let policy =
        selector(&[("chat", "yes")], &[("team", LabelOperator::NotIn, &["red"]), ("tier", LabelOperator::Exists, &[])]);
    assert!(admits(&policy, &[("chat", "yes"), ("tier", "")]));
    assert!(!admits(&policy, &[("chat", "yes"), ("tier", ""), ("team", "red")]));
    assert!(!admits(&policy, &[("chat", "yes")]));
    assert!(!admits(&policy, &[("tier", "")]));
}

#[test]
fn a_selector_that_kubernetes_refuses_admits_nobody_and_is_named() {
    use LabelOperator::{DoesNotExist, Exists, In, NotIn};
    let too_long = "a".repeat(64);
    let wrong: Vec<GuestPolicy> = vec![
        selector(&[], &[("team", In, &[])]),
        selector(&[], &[("team", NotIn, &[])]),
        selector(&[], &[("team", Exists, &["red"])]),
        selector(&[], &[("team", DoesNotExist, &["red"])]),
        selector(&[], &[("", DoesNotExist, &[])]),
        selector(&[], &[("-team", DoesNotExist, &[])]),
        selector(&[], &[("a/b/c", DoesNotExist, &[])]),
        selector(&[], &[("/b", DoesNotExist, &[])]),
        selector(&[], &[("Upper.example.com/b", DoesNotExist, &[])]),
        selector(&[], &[(&too_long, DoesNotExist, &[])]),
        selector(&[], &[("team", NotIn, &["no spaces"])]),
        selector(&[], &[("team", NotIn, &[&too_long])]),
        selector(&[("team", "_red")], &[]),
    ];
    for policy in wrong {
        assert!(!admits(&policy, &[]), "{policy:?}");
        assert!(!policy.problems().is_empty(), "{policy:?}");
    }
    let right = selector(&[("app.kubernetes.io/name", "A_b.c-1")], &[("x", NotIn, &["", &"a".repeat(63)])]);
    assert_eq!(right.problems(), []);
    assert!(admits(&right, &[("app.kubernetes.io/name", "A_b.c-1")]));
}

#[test]
fn labels_need_the_selector_and_the_number_is_bounded() {
    let mut policy = selector(&[("team", "red")], &[]);
    policy.from = GuestsFrom::All;
    policy.max_tenants = 0;
    let keys: Vec<String> = policy.problems().into_iter().map(|problem| problem.key).collect();
    assert_eq!(keys, ["max_tenants", "from"]);
}

#[test]
fn a_policy_survives_its_text_form_and_unknown_keys_are_refused() {
    let policy = selector(&[("team", "red")], &[("tier", LabelOperator::In, &["gold"])]);
    let text = serde_json::to_string(&policy).expect("plain data");
    assert_eq!(serde_json::from_str::<GuestPolicy>(&text).expect("its own form"), policy);
    assert!(serde_json::from_str::<GuestPolicy>(r#"{"form": "All"}"#).is_err());
    assert_eq!(serde_json::from_str::<GuestPolicy>("{}").expect("defaults"), GuestPolicy::default());
}
