//! Projects.

use super::{
    audit::AuditSlot,
    caller::{Asker, Caller, can},
    error::ApiError,
    extract::{Answer, Json, Key, Query, Reply, json_type, ok},
    validate,
};
use crate::{clock, fresh, store::list::ListSpec};
use axum::{
    extract::OriginalUri,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use ttalkak_protocol::{
    api::{
        page::{ListQuery, Page},
        project::{CreateProject, ProjectView, RenameProject},
    },
    id::ProjectId,
};

/// Makes an empty project.
#[utoipa::path(post, path = "/v1/projects", tag = "projects", security(("token" = ["deploy"])), request_body = CreateProject,
    responses((status = 201, description = "Made.", body = ProjectView)))]
pub(super) async fn create(
    caller: Caller<can::Deploy>,
    about: AuditSlot,
    Json(wish): Json<CreateProject>,
) -> Reply<ProjectView> {
    about.is(&*wish.name);
    validate::hostname(&wish.name)?;
    let id = fresh::id(ProjectId::new);
    let view = caller.store.create_project(caller.account, id, &wish.name, clock::now()).await?;
    Ok(Answer(StatusCode::CREATED, view))
}

/// A page of your projects.
#[utoipa::path(get, path = "/v1/projects", tag = "projects", security(("token" = ["read"])), params(ListQuery),
    responses((status = 200, description = "A page.", body = Page<ProjectView>)))]
pub(super) async fn list(
    caller: Caller<can::Read>,
    OriginalUri(uri): OriginalUri,
    query: Result<Query<ListQuery>, ApiError>,
) -> Result<Response, ApiError> {
    cached(&caller, &uri, async {
        let Query(query) = query?;
        Ok(caller.store.list_projects(caller.account, &ListSpec::new(&query, false)?).await?)
    })
    .await
}

/// Answers with the page that was kept, or makes it and keeps it.
pub(super) async fn cached<T: Serialize>(
    caller: &Asker,
    uri: &http::Uri,
    make: impl Future<Output = Result<Page<T>, ApiError>>,
) -> Result<Response, ApiError> {
    let key = (caller.account, uri.path_and_query().map(ToString::to_string).unwrap_or_default());
    let pages = &caller.room().pages;
    if let Some(body) = pages.find(&key, caller.store.data_version()) {
        return Ok((json_type(), body).into_response());
    }
    let _turn = pages.turn(&key).await;
    // Read before the page is made: a commit in between makes the kept page an old one.
    let version = caller.store.data_version();
    if let Some(body) = pages.find(&key, version) {
        return Ok((json_type(), body).into_response());
    }
    let page = make.await?;
    let body = serde_json::to_vec(&page).map_err(|error| ApiError::broken("write a page", error))?;
    let body = Bytes::from(body);
    pages.keep(key, version, body.clone());
    Ok((json_type(), body).into_response())
}

/// One project, by id or name.
#[utoipa::path(get, path = "/v1/projects/{project}", tag = "projects", security(("token" = ["read"])),
    params(("project" = String, Path, description = "Its id or name.")),
    responses((status = 200, description = "It.", body = ProjectView)))]
pub(super) async fn read(caller: Caller<can::Read>, Key(key): Key) -> Reply<ProjectView> {
    Ok(ok(caller.store.project(caller.account, &key).await?))
}

/// Gives a project another name.
#[utoipa::path(patch, path = "/v1/projects/{project}", tag = "projects", security(("token" = ["deploy"])), request_body = RenameProject,
    params(("project" = String, Path, description = "Its id or name.")),
    responses((status = 200, description = "Renamed.", body = ProjectView)))]
pub(super) async fn rename(
    caller: Caller<can::Deploy>,
    Key(key): Key,
    Json(wish): Json<RenameProject>,
) -> Reply<ProjectView> {
    validate::hostname(&wish.name)?;
    Ok(ok(caller.store.rename_project(caller.account, &key, &wish.name, clock::now()).await?))
}

/// Deletes a project that holds no deployment.
#[utoipa::path(delete, path = "/v1/projects/{project}", tag = "projects", security(("token" = ["deploy"])),
    params(("project" = String, Path, description = "Its id or name.")),
    responses((status = 204, description = "Deleted.")))]
pub(super) async fn delete(caller: Caller<can::Deploy>, Key(key): Key) -> Result<StatusCode, ApiError> {
    caller.store.delete_project(caller.account, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}
