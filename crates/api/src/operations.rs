//! The API's operations by method and path, read from its own description: for the audit log's names, and for telling
//! "no such path" (404) from "not with this method" (405).

use std::collections::HashMap;

use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, PathItem};

/// Every operation.
pub(crate) struct Operations {
    names: HashMap<(Method, String), String>,
    paths: Vec<(ResourceDef, Vec<Method>)>,
}

impl Operations {
    pub(crate) fn of(api: &OpenApi) -> Self {
        let mut names = HashMap::new();
        let mut paths = Vec::new();
        for (path, item) in &api.paths.paths {
            let operations = operations(item);
            paths.push((
                ResourceDef::new(path.as_str()),
                operations.iter().map(|(method, _)| method.clone()).collect(),
            ));
            for (method, operation) in operations {
                let name = operation
                    .operation_id
                    .clone()
                    .unwrap_or_else(|| format!("{method} {path}"));
                names.insert((method, path.clone()), name);
            }
        }
        Self { names, paths }
    }

    /// Name of the operation at a path pattern.
    pub(crate) fn name(&self, method: &Method, pattern: &str) -> Option<&str> {
        self.names
            .get(&(method.clone(), pattern.to_owned()))
            .map(String::as_str)
    }

    /// Methods that exist for a concrete path; empty when the path does not exist.
    pub(crate) fn methods(&self, path: &str) -> Vec<Method> {
        let matching = self.paths.iter().filter(|(pattern, _)| pattern.is_match(path));
        matching
            .flat_map(|(_, methods)| methods.iter().cloned())
            .collect()
    }
}

fn operations(item: &PathItem) -> Vec<(Method, &Operation)> {
    [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::DELETE, &item.delete),
        (Method::PATCH, &item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
    .collect()
}
