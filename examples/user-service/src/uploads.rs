//! `example.v1.DataUploadService`.

use rsgrpc::{Request, Response, Status, Streaming};
use sha2::{Digest, Sha256};

use crate::example::v1::{DataChunk, DataUploadService, UploadStatus};

/// Measures data without keeping them.
#[derive(Debug)]
pub(crate) struct Uploads;

impl DataUploadService for Uploads {
    async fn upload_data(&self, request: Request<Streaming<DataChunk>>) -> Result<Response<UploadStatus>, Status> {
        let mut chunks = request.into_inner();
        let mut size = 0;
        let mut hash = Sha256::new();
        while let Some(chunk) = chunks.message().await? {
            size += chunk.content.len() as u64;
            hash.update(&chunk.content);
        }
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Response::new(UploadStatus { size, sha256 }))
    }
}
