//! Mail and push, with every default filled in.

use super::ResolvedSecret;
use crate::tenant::{
    ApnsEnvironment, ApnsSpec, MailSpec, PushSpec, SmtpCredentialsRef, SmtpTls, WebPushSpec, defaults,
};

/// How mail is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedMail {
    /// Whom mails come from.
    pub from: String,
    /// The server that takes them.
    pub host: String,
    /// Its port.
    pub port: i32,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// How to sign in, if at all.
    pub sign_in: Option<ResolvedSignIn>,
}

/// A user name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedSignIn {
    /// The entry with the name.
    pub username: ResolvedSecret,
    /// The entry with the password.
    pub password: ResolvedSecret,
}

/// Which push services are used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolvedPush {
    /// Web Push.
    pub web_push: Option<ResolvedWebPush>,
    /// Firebase Cloud Messaging: the entry with the service account.
    pub fcm: Option<ResolvedSecret>,
    /// Apple's.
    pub apns: Option<ResolvedApns>,
}

/// Web Push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedWebPush {
    /// Whom a push service can write to.
    pub subject: String,
    /// The entry with the VAPID key.
    pub private_key: ResolvedSecret,
}

/// Apple's push service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedApns {
    /// The entry with the signing key.
    pub signing_key: ResolvedSecret,
    /// Apple's id of that key.
    pub key_id: String,
    /// Apple's id of the team.
    pub team_id: String,
    /// The id of the app.
    pub topic: String,
    /// Which of Apple's services is spoken to.
    pub environment: ApnsEnvironment,
}

impl From<&MailSpec> for ResolvedMail {
    fn from(spec: &MailSpec) -> Self {
        Self {
            from: spec.from.clone(),
            host: spec.smtp.host.clone(),
            port: spec.smtp.port.unwrap_or(defaults::SMTP_PORT),
            tls: spec.smtp.tls.unwrap_or_default(),
            sign_in: spec.smtp.credentials_secret_ref.as_ref().map(ResolvedSignIn::from),
        }
    }
}

impl From<&SmtpCredentialsRef> for ResolvedSignIn {
    fn from(spec: &SmtpCredentialsRef) -> Self {
        Self {
            username: ResolvedSecret::of(&spec.name, spec.username_key.as_deref(), defaults::SMTP_USERNAME_KEY),
            password: ResolvedSecret::of(&spec.name, spec.password_key.as_deref(), defaults::SMTP_PASSWORD_KEY),
        }
    }
}

impl From<&PushSpec> for ResolvedPush {
    fn from(spec: &PushSpec) -> Self {
        let account = spec.fcm.as_ref().map(|fcm| &fcm.service_account_secret_ref);
        Self {
            web_push: spec.web_push.as_ref().map(ResolvedWebPush::from),
            fcm: account
                .map(|entry| ResolvedSecret::of(&entry.name, entry.key.as_deref(), defaults::SERVICE_ACCOUNT_KEY)),
            apns: spec.apns.as_ref().map(ResolvedApns::from),
        }
    }
}

impl From<&WebPushSpec> for ResolvedWebPush {
    fn from(spec: &WebPushSpec) -> Self {
        let entry = &spec.vapid_secret_ref;
        Self {
            subject: spec.subject.clone(),
            private_key: ResolvedSecret::of(&entry.name, entry.key.as_deref(), defaults::VAPID_KEY),
        }
    }
}

impl From<&ApnsSpec> for ResolvedApns {
    fn from(spec: &ApnsSpec) -> Self {
        let entry = &spec.key_secret_ref;
        Self {
            signing_key: ResolvedSecret::of(&entry.name, entry.key.as_deref(), defaults::APNS_KEY),
            key_id: spec.key_id.clone(),
            team_id: spec.team_id.clone(),
            topic: spec.topic.clone(),
            environment: spec.environment.unwrap_or_default(),
        }
    }
}
