//! The page: two files.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

/// Routes to the files of the page, which `npm run build` has made in this folder.
pub(crate) fn routes(web: &Path) -> Router {
    let file = |name: &str, content_type: &'static str| {
        let path = web.join(name);
        get(move || send(path.clone(), content_type))
    };
    Router::new()
        .route("/", file("index.html", "text/html; charset=utf-8"))
        .route("/dist/main.js", file("dist/main.js", "text/javascript; charset=utf-8"))
}

async fn send(path: PathBuf, content_type: &'static str) -> Response {
    match tokio::fs::read(&path).await {
        Ok(content) => ([(header::CONTENT_TYPE, content_type)], content).into_response(),
        Err(error) => {
            eprintln!("cannot read {}: {error}; see the README for how the page is built", path.display());
            StatusCode::NOT_FOUND.into_response()
        }
    }
}
