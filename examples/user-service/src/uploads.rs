//! `example.v1.DataUploadService`.

use futures_util::{Stream, TryStreamExt};
use rsgrpc::google::api::HttpBody;
use rsgrpc::{Request, Response, Status, Streaming};
use sha2::{Digest, Sha256};

use crate::example::v1::{DataChunk, DataUploadService, UploadStatus};

/// Measures data without keeping them.
#[derive(Debug)]
pub(crate) struct Uploads;

impl DataUploadService for Uploads {
    async fn upload_data(&self, request: Request<Streaming<DataChunk>>) -> Result<Response<UploadStatus>, Status> {
        measure(request.into_inner().map_ok(|chunk| chunk.content)).await
    }

    async fn upload_file(&self, request: Request<Streaming<HttpBody>>) -> Result<Response<UploadStatus>, Status> {
        measure(request.into_inner().map_ok(|piece| piece.data)).await
    }
}

async fn measure(
    mut pieces: impl Stream<Item = Result<Vec<u8>, Status>> + Unpin,
) -> Result<Response<UploadStatus>, Status> {
    let mut size = 0;
    let mut hash = Sha256::new();
    while let Some(piece) = pieces.try_next().await? {
        size += piece.len() as u64;
        hash.update(&piece);
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Response::new(UploadStatus { size, sha256 }))
}
