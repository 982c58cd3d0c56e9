//! What an absent field means. The field's documentation states the same; a test compares the two.

use super::ResolvedRate;

/// Namespace of a resource that names none.
pub const NAMESPACE: &str = "default";
/// `allowedTenants.maxTenants`.
pub const MAX_TENANTS: u32 = 10_000;
/// `size` of every volume.
pub const STORAGE_SIZE: &str = "10Gi";
/// `secretRef.key` of a URL.
pub const SECRET_KEY: &str = "uri";
/// `database.postgres.maxConnections`.
pub const MAX_CONNECTIONS: u32 = 16;
/// `database.cloudNativePG.instances`.
pub const CLOUD_NATIVE_PG_INSTANCES: i32 = 2;
/// `files.s3.region`.
pub const S3_REGION: &str = "us-east-1";
/// `files.s3.credentialsSecretRef.accessKeyIdKey`.
pub const S3_ACCESS_KEY_ID_KEY: &str = "accessKeyId";
/// `files.s3.credentialsSecretRef.secretAccessKeyKey`.
pub const S3_SECRET_ACCESS_KEY_KEY: &str = "secretAccessKey";
/// `auth.accessTokenSeconds`.
pub const ACCESS_TOKEN_SECONDS: u32 = 3600;
/// `auth.refreshTokenDays`.
pub const REFRESH_TOKEN_DAYS: u32 = 30;
/// `limits.authentication`.
pub const AUTHENTICATION: ResolvedRate = ResolvedRate { requests: 5, per_seconds: 60 };
/// `limits.regular`.
pub const REGULAR: ResolvedRate = ResolvedRate { requests: 1000, per_seconds: 3600 };
/// `limits.uploads`.
pub const UPLOADS: ResolvedRate = ResolvedRate { requests: 100, per_seconds: 3600 };
/// `limits.websocket`.
pub const WEBSOCKET: ResolvedRate = ResolvedRate { requests: 100, per_seconds: 60 };
/// `limits.groupMembers`.
pub const GROUP_MEMBERS: u32 = 256;
/// `limits.messageBytes`.
pub const MESSAGE_BYTES: u32 = 48 * 1024;
/// `limits.metadataBytes`.
pub const METADATA_BYTES: u32 = 8 * 1024;
/// `limits.connectionsPerUser`.
pub const CONNECTIONS_PER_USER: u32 = 20;
/// `mail.smtp.port`.
pub const SMTP_PORT: i32 = 587;
/// `mail.smtp.credentialsSecretRef.usernameKey`.
pub const SMTP_USERNAME_KEY: &str = "username";
/// `mail.smtp.credentialsSecretRef.passwordKey`.
pub const SMTP_PASSWORD_KEY: &str = "password";
/// `push.webPush.vapidSecretRef.key`.
pub const VAPID_KEY: &str = "privateKey";
/// `push.fcm.serviceAccountSecretRef.key`.
pub const SERVICE_ACCOUNT_KEY: &str = "serviceAccount.json";
/// `push.apns.keySecretRef.key`.
pub const APNS_KEY: &str = "key.p8";
/// `replicas` of a tenant that can have several.
pub const REPLICAS_WITH_REDIS: i32 = 2;
/// `replicas` of a tenant without Redis.
pub const REPLICAS_ALONE: i32 = 1;
/// `messaging.replicas.targetCpuPercent` and that of presence.
pub const TARGET_CPU_PERCENT: i32 = 70;
/// Requests and limits of a pod of messaging or presence.
pub const WORKLOAD_RESOURCES: DefaultResources =
    DefaultResources { cpu: "100m", memory: "128Mi", memory_limit: "512Mi" };
/// Requests and limits of the managed Redis.
pub const REDIS_RESOURCES: DefaultResources = DefaultResources { cpu: "50m", memory: "64Mi", memory_limit: "128Mi" };
/// `gateway.ingress.tls.certManager.issuerRef.group`.
pub const ISSUER_GROUP: &str = "cert-manager.io";

/// Processor and memory of a pod whose spec says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultResources {
    /// `requests.cpu`.
    pub cpu: &'static str,
    /// `requests.memory`.
    pub memory: &'static str,
    /// `limits.memory`.
    pub memory_limit: &'static str,
}
