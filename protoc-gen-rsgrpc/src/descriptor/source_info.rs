//! Where things stand in a proto file, and the comments beside them.

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SourceCodeInfo {
    #[prost(message, repeated, tag = "1")]
    pub(crate) location: Vec<Location>,
}

#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub(crate) struct Location {
    /// Field numbers and indices that lead from the file's descriptor to the element.
    #[prost(int32, repeated, tag = "1")]
    pub(crate) path: Vec<i32>,
    /// Line, column, …, counted from zero.
    #[prost(int32, repeated, tag = "2")]
    pub(crate) span: Vec<i32>,
    #[prost(string, tag = "3")]
    pub(crate) leading_comments: String,
    #[prost(string, tag = "4")]
    pub(crate) trailing_comments: String,
}
