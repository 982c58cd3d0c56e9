//! `docs/conditions.md`, as text.

use std::fmt::Write as _;

use super::Reason;
use super::condition::{self, Type};

const HEAD: &str = "\
# Conditions of a ChatTenant

<!-- Generated from operator/desired/src/reason by `make generate`. Do not edit. -->

The status of a `ChatTenant` says how the whole is (`Ready`, `Reconciling`, `Stalled`) and how each part is. Every condition has
a reason from the list below, and a message with names and numbers that says what to do. No secret ever stands in one.

```sh
kubectl get chattenants                                            # the reason of Ready is the column STATUS
kubectl describe chattenant demo                                   # all conditions with their messages
kubectl wait --for=condition=Ready chattenant/demo --timeout=5m
```

Tools that know [kstatus](https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md) (Argo CD, Flux, Helm)
understand the first three: a tenant is current when `Ready` is `True`, in progress while `Reconciling` is there, and failed while
`Stalled` is. What runs goes on running while a tenant is stalled.
";

/// The whole document.
pub fn document() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\n## Types\n\n| type | about | says |\n|---|---|---|\n");
    for Type { name, about, says } in condition::ALL {
        let _ = writeln!(text, "| `{name}` | {} | {says} |", about.trim());
    }
    text.push_str("\n## Reasons\n\n| reason | meaning | what to do |\n|---|---|---|\n");
    for reason in Reason::ALL {
        let _ = writeln!(text, "| `{}` | {} | {} |", reason.text(), reason.meaning(), reason.cure());
    }
    text
}
