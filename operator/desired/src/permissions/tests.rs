use super::*;

fn of(place: Place, group: &str, resource: &str) -> Vec<&'static str> {
    let lines = table()
        .into_iter()
        .filter(|line| line.place == place && line.group == group && line.resource.split('/').next() == Some(resource));
    lines.flat_map(|line| line.verbs).collect()
}

#[test]
fn nothing_is_permitted_by_a_wildcard_and_everything_has_its_reason() {
    for line in table() {
        let words = [line.group, line.resource].into_iter().chain(line.verbs.clone()).chain(line.names.clone());
        assert!(words.into_iter().all(|word| !word.contains('*')), "{line:?}");
        assert!(!line.verbs.is_empty() && line.why.ends_with('.') && !line.why.contains('\n'), "{line:?}");
    }
}

#[test]
fn secrets_are_never_listed_or_watched_and_nobody_s_account_is_borrowed() {
    for line in table() {
        if line.resource == "secrets" {
            assert!(
                !line.verbs.iter().any(|verb| ["list", "watch", "update", "deletecollection"].contains(verb)),
                "{line:?}"
            );
        }
        assert!(!line.verbs.iter().any(|verb| ["impersonate", "bind", "escalate"].contains(verb)), "{line:?}");
        let outside = [
            "nodes",
            "roles",
            "rolebindings",
            "clusterroles",
            "clusterrolebindings",
            "pods/exec",
            "customresourcedefinitions",
        ];
        assert!(!outside.contains(&line.resource), "{line:?}");
    }
    assert_eq!(of(Place::Own, "", "secrets"), ["get", "create"]);
    assert_eq!(of(Place::Tenants, "", "namespaces"), ["get"]);
    assert_eq!(of(Place::Tenants, "", "pods"), ["list"]);
}

#[test]
fn a_resource_stands_in_the_table_once_for_each_set_of_names() {
    let table = table();
    for (index, line) in table.iter().enumerate() {
        let again = table[..index].iter().any(|other| {
            (other.place, other.group, other.resource, &other.names)
                == (line.place, line.group, line.resource, &line.names)
        });
        assert!(!again, "{line:?}");
    }
}

#[test]
fn every_kind_of_object_can_be_made_and_kept_in_order() {
    for kind in Kind::ALL {
        let spelling = kind.spelling();
        let verbs = of(Place::Tenants, spelling.group, spelling.plural);
        assert!(["get", "create", "patch"].iter().all(|verb| verbs.contains(verb)), "{kind:?}");
        assert_eq!(verbs.contains(&"watch"), kind.is_watched(), "{kind:?}");
    }
}
