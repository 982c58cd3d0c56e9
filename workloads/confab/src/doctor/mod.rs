//! `confab doctor`: looks at the surroundings and says what to mend. It changes nothing.

mod finding;
mod machine;
mod services;

use std::io;

use anyhow::Result;
use confab_chassis::clock::Clock;

use crate::cli::DoctorArgs;
use crate::tenants;
use finding::{Finding, report};

/// Checks everything, prints the findings; `true` when nothing must be mended.
pub async fn run(args: DoctorArgs) -> Result<bool> {
    let now = Clock::system().now();
    let mut findings = vec![Finding::well("version", format!("confab {}", env!("CARGO_PKG_VERSION")))];
    findings.push(machine::clock(now));
    findings.push(machine::open_files());
    findings.push(machine::port("--listen", args.listen));
    findings.push(machine::port("--ops-listen", args.ops_listen));
    findings.extend(tenant_files(&args));
    match &args.store.database_url {
        None => {
            findings.extend(machine::data_folder(&args.store.data));
            findings.extend(services::sqlite(&args.store.data).await);
        }
        Some(url) => findings.extend(services::postgres(url, now).await),
    }
    if let Some(url) = &args.store.redis_url {
        findings.extend(services::redis(url, now).await);
    } else if args.store.database_url.is_some() {
        findings.push(Finding::hint(
            "redis",
            "not given",
            "one process needs none; several need --redis-url for fast delivery and common rate limits",
        ));
    }
    let must_mend = report(io::stdout(), &findings)?;
    Ok(!must_mend)
}

fn tenant_files(args: &DoctorArgs) -> Vec<Finding> {
    if args.files.is_empty() {
        return Vec::new();
    }
    match tenants::load(&args.files) {
        Ok(tenants) => vec![Finding::well("tenants", format!("{} in {} files", tenants.len(), args.files.len()))],
        Err(problems) => {
            problems.iter().map(|problem| Finding::mend("tenants", problem.clone(), "see confab validate -f")).collect()
        }
    }
}
