//! `confab validate`: checks tenant files, and names each problem.

use crate::cli::ValidateArgs;
use crate::tenants;

/// Prints the verdict; `true` when all is well.
#[expect(clippy::print_stdout, reason = "the verdict is this command's output")]
pub fn run(args: &ValidateArgs) -> bool {
    match tenants::load(&args.files) {
        Ok(loaded) => {
            for tenant in loaded.tenants {
                println!("ok  {} at {}", tenant.id, tenant.domain);
            }
            for field in loaded.ignored {
                eprintln!("warning: {field}");
            }
            true
        }
        Err(problems) => {
            for problem in &problems {
                eprintln!("{problem}");
            }
            eprintln!("{} problems", problems.len());
            false
        }
    }
}
