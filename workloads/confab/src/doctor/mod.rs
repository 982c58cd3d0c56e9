//! `confab doctor`: looks at the surroundings and says what to mend. It changes nothing.
//!
//! - `machine`: clock, open files, ports, data folder. `services`: database and Redis.
//! - `version`, `skew`, `keys`: single judgements. `finding`: how they are shown.

mod finding;
mod keys;
mod machine;
mod services;
mod skew;
mod version;

use std::io;

use anyhow::Result;
use confab_chassis::clock::Clock;
use confab_contract::TenantId;

use crate::cli::DoctorArgs;
use crate::tenants;
use finding::{Finding, report};
use keys::KeyCheck;
use machine::Holds;

/// Checks everything, prints the findings; `true` when nothing must be mended.
pub async fn run(args: DoctorArgs) -> Result<bool> {
    let mut findings = vec![Finding::well("version", format!("confab {}", env!("CARGO_PKG_VERSION")))];
    findings.push(machine::clock(Clock::system().now()));
    findings.push(machine::open_files());
    findings.push(machine::port("--listen", args.listen));
    findings.push(machine::port("--ops-listen", args.ops_listen));
    let (tenants, about_files) = tenant_files(&args);
    findings.extend(about_files);
    let (store, keys) = (&args.store, KeyCheck { file: args.store.master_key(), tenants });
    match &store.database_url {
        None => {
            findings.extend(machine::data_folder(&store.data, Holds::Database));
            findings.extend(services::sqlite(&store.data, &keys).await);
        }
        Some(url) => {
            // With a key elsewhere nothing lies in the data folder.
            if store.master_key_file.is_none() {
                findings.extend(machine::data_folder(&store.data, Holds::KeyAlone));
            }
            findings.extend(services::postgres(url, &keys).await);
        }
    }
    if let Some(url) = &store.redis_url {
        findings.extend(services::redis(url).await);
    } else if store.database_url.is_some() {
        findings.push(Finding::hint(
            "redis",
            "not given",
            "one process needs none; several need --redis-url for fast delivery and common rate limits",
        ));
    }
    let must_mend = report(io::stdout(), &findings)?;
    Ok(!must_mend)
}

/// Whom the files name, and what is to be said of them.
fn tenant_files(args: &DoctorArgs) -> (Vec<TenantId>, Vec<Finding>) {
    if args.files.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let loaded = match tenants::load(&args.files) {
        Ok(loaded) => loaded,
        Err(problems) => {
            let mend = |problem: &String| Finding::mend("tenants", problem.clone(), "see confab validate -f");
            return (Vec::new(), problems.iter().map(mend).collect());
        }
    };
    let (tenants, files) = (loaded.tenants, args.files.len());
    let mut findings = vec![Finding::well("tenants", format!("{} in {files} files", tenants.len()))];
    let ignored = loaded.ignored.iter().filter(|ignored| !args.store.does(ignored.field));
    findings.extend(ignored.map(|ignored| Finding::hint("tenants", ignored.to_string(), "")));
    (tenants.into_iter().map(|tenant| tenant.id).collect(), findings)
}
