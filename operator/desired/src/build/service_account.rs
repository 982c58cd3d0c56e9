//! The identity of a tenant's pods. It has no token: workloads never speak to the API server.

use k8s_openapi::api::core::v1::ServiceAccount;

use crate::check::Dedicated;
use crate::kind::Kind;
use crate::object::{Fate, Object};

pub(super) fn build(tenant: &Dedicated) -> Object {
    let metadata =
        tenant.owner.metadata(tenant.names.tenant().to_owned(), tenant.names.labels(None), Fate::GoesWithTenant);
    let account =
        ServiceAccount { metadata, automount_service_account_token: Some(false), ..ServiceAccount::default() };
    Object::new(Kind::ServiceAccount, &account)
}
