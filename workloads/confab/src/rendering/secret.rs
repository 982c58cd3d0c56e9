//! What goes into a Secret that the operator makes, in words.

use confab_desired::build::secret::Recipe;

/// What goes in at the first apply.
pub fn contents(recipe: &Recipe) -> String {
    let what = match recipe {
        Recipe::MasterKey => {
            "master.key, 32 random bytes as base64, which seal the tenant's secrets: back it up".to_owned()
        }
        Recipe::AdminTls { names } => {
            format!("tls.crt and tls.key, a certificate for {} that is signed by its own key", names.join(" and "))
        }
        Recipe::Redis { host } => format!("uri and redis.conf, with a random password of the Redis at {host}"),
    };
    format!("The operator makes this Secret once and never rewrites it; do not apply it by hand. In it: {what}.")
}
