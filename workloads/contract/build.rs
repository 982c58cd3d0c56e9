//! Generates the code of the gRPC services, without `protoc`.

const PROTO: &str = "proto/tenant_admin.proto";

fn main() {
    println!("cargo:rerun-if-changed={PROTO}");
    #[cfg(feature = "grpc")]
    {
        let descriptors = protox::compile([PROTO], ["proto"]).expect("the .proto file is well-formed");
        // No transport of its own: whoever calls brings a connection, and chooses how it is secured.
        let code = tonic_prost_build::configure().build_transport(false).compile_fds(descriptors);
        code.expect("the folder for generated code takes files");
    }
}
