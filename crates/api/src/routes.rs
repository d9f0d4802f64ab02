//! The paths, and what goes on around each request: counted, timed, told to the log.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;
use site::{Caller, Found, Query, Site};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::limits::{ANSWER_TIME, BODY_TIME, LONG_ANSWER_TIME, MAX_BODY_BYTES};
use crate::metrics::Metrics;
use crate::post::Post;
use crate::problem::{Problem, Word};
use crate::proof::{self, Asked, Proved, Token};

/// What requests are answered with.
pub(crate) struct App {
    site: Site,
    token: Token,
    post: Arc<Post>,
    pub(crate) metrics: Metrics,
    requests: Semaphore,
}

impl App {
    pub(crate) fn new(
        site: Site,
        token: Token,
        post: Arc<Post>,
        metrics: Metrics,
        requests: usize,
    ) -> Self {
        Self { site, token, post, metrics, requests: Semaphore::new(requests) }
    }
}

/// All paths.
pub(crate) fn router(app: &Arc<App>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .route("/v1/command", post(command))
        .route("/v1/query", post(query))
        .route("/v1/post", post(deliver))
        .fallback(async || Problem::no_path())
        .method_not_allowed_fallback(async || Problem::no_method())
        .layer(from_fn_with_state(Arc::clone(app), watched))
        .with_state(Arc::clone(app))
}

/// A path as it is counted: one of ours, or another.
fn known(path: &str) -> &'static str {
    let ours = ["/health", "/metrics", "/status", "/v1/command", "/v1/query", "/v1/post"];
    ours.into_iter().find(|&ours| ours == path).unwrap_or("other")
}

async fn watched(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let path = known(request.uri().path());
    // Whoever looks after the site gets in however many others there are.
    let permit = match path {
        "/health" | "/metrics" => Ok(None),
        _ => app.requests.try_acquire().map(Some),
    };
    let response = match permit {
        Ok(_working) => next.run(request).await,
        Err(_) => Problem::too_many().into_response(),
    };
    let (status, took) = (response.status().as_u16(), started.elapsed());
    let error = response.extensions().get::<Word>().map(|word| word.0);
    app.metrics.request(path, status, error, took);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(path, status, error, ms, "request");
    response
}

async fn health(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    json(&within(ANSWER_TIME, app.site.health()).await??)
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let mut response = Response::new(Body::from(app.metrics.text(app.site.waiting())));
    let text = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(text));
    response
}

async fn status(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    proof::administrator(&headers, &app.token)?.ok_or_else(Problem::token)?;
    let asked = app.site.query(&Caller::Administrator, Query::Status);
    match within(ANSWER_TIME, asked).await?? {
        Found::Status(status) => json(&status),
        _ => Err(Problem::own_fault()),
    }
}

async fn command(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let Proved { caller, id, asked } = proved(&app, request).await?;
    let (Asked::Command(command), Some(id)) = (asked, id) else {
        return Err(Problem::other_body("/v1/command"));
    };
    let (kind, site) = (command.kind(), app.site.clone());
    // It goes on by itself: whoever hangs up takes nobody with it.
    let work = tokio::spawn(async move { site.command(&caller, &id, command).await });
    let answer = within(ANSWER_TIME, work).await?.map_err(|_| Problem::own_fault())?;
    app.metrics.command(kind, answer.is_ok());
    app.post.wake();
    json(&answer?)
}

async fn query(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let Proved { caller, asked, .. } = proved(&app, request).await?;
    let Asked::Query(query) = asked else { return Err(Problem::other_body("/v1/query")) };
    let time = match query {
        Query::Doctor { .. } => LONG_ANSWER_TIME,
        _ => ANSWER_TIME,
    };
    json(&within(time, app.site.query(&caller, query)).await??)
}

async fn deliver(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    proof::administrator(&headers, &app.token)?.ok_or_else(Problem::token)?;
    let post = Arc::clone(&app.post);
    let work = tokio::spawn(async move { post.deliver().await });
    json(&within(ANSWER_TIME, work).await?.map_err(|_| Problem::own_fault())??)
}

/// Who asks for what.
async fn proved(app: &App, request: Request) -> Result<Proved, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = read(&parts.headers, body).await?;
    within(ANSWER_TIME, proof::proved(&app.site, &app.token, &parts.headers, &bytes)).await?
}

/// The whole body.
async fn read(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    let said = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if said.and_then(|said| said.parse::<usize>().ok()).is_some_and(|said| said > MAX_BODY_BYTES) {
        return Err(Problem::body_too_large());
    }
    let collected = timeout(BODY_TIME, Limited::new(body, MAX_BODY_BYTES).collect()).await;
    match collected.map_err(|_| Problem::body_too_slow())? {
        Ok(body) => Ok(body.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::body_too_large()),
        Err(_) => Err(Problem::body_cut()),
    }
}

async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Result<T, Problem> {
    timeout(time, work).await.map_err(|_| Problem::no_answer_in_time())
}

fn json(value: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(|_| Problem::own_fault())?;
    let mut response = Response::new(Body::from(body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}
