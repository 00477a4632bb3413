/// What the golden `extern_paths` uses instead of generating it.
pub mod provided {
    /// `given.Thing`
    #[derive(Clone, PartialEq, Eq, Hash, ::rsgrpc::prost::Message)]
    #[prost(prost_path = "::rsgrpc::prost")]
    pub struct Thing {
        /// `given.Thing.part`
        #[prost(message, optional, tag = "1")]
        pub part: ::core::option::Option<thing::Part>,
    }

    /// What is declared inside `given.Thing`.
    pub mod thing {
        /// `given.Thing.Part`
        #[derive(Clone, PartialEq, Eq, Hash, ::rsgrpc::prost::Message)]
        #[prost(prost_path = "::rsgrpc::prost")]
        pub struct Part {
            /// `given.Thing.Part.name`
            #[prost(string, tag = "1")]
            pub name: ::rsgrpc::prost::alloc::string::String,
        }
    }

    /// `given.Kind`
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::rsgrpc::prost::Enumeration)]
    #[prost(prost_path = "::rsgrpc::prost")]
    #[repr(i32)]
    pub enum Kind {
        /// `given.ZERO`
        Zero = 0,
    }
}
