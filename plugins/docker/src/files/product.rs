//! The containers and services of a product, put together from those of its targets. Does not know how they are written
//! down.

use std::fs;
use std::path::Path;

use farm_sdk::Problem;
use serde::Serialize;

use super::{PRODUCTS, parse};
use crate::model::{Container, Context, Product};

/// What a target deploys: its own container and those of other targets, with their services. Two may use one service, if
/// they mean the same.
pub(super) fn of(context: &mut Context, input: &Path) -> Result<Product, Problem> {
    let mut product = Product {
        containers: context.container.iter().cloned().collect(),
        services: std::mem::take(&mut context.services),
    };
    let own_services = product.services.clone();
    for file in files_of(&input.join(PRODUCTS))? {
        let other: Product = parse(&fs::read(file)?)?;
        for container in other.containers {
            add(&mut product.containers, container, |container| &container.name)?;
        }
        for service in other.services {
            add(&mut product.services, service, |service| &service.name)?;
        }
    }
    if context.container.is_none() {
        check_users(context, &product)?;
        for service in &own_services {
            let users = context.used_by.get(&service.name);
            let uses = |container: &&mut Container| users.is_none_or(|users| users.contains(&container.name));
            product
                .containers
                .iter_mut()
                .filter(uses)
                .for_each(|container| container.uses(service));
        }
    }
    let is_service = |container: &&Container| product.services.iter().any(|service| service.name == container.name);
    if let Some(container) = product.containers.iter().find(is_service) {
        return Err(twice(&container.name));
    }
    check_volumes(&product.containers)?;
    check_ports(&product.containers)?;
    Ok(product)
}

/// The files of a folder in the order of their names; none where there is no folder.
fn files_of(folder: &Path) -> Result<Vec<std::path::PathBuf>, Problem> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut files = entries.collect::<std::io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

fn add<T: Serialize>(list: &mut Vec<T>, added: T, name: impl Fn(&T) -> &String) -> Result<(), Problem> {
    let text = |value: &T| serde_json::to_string(value).map_err(std::io::Error::from);
    match list.iter().find(|other| name(other) == name(&added)) {
        None => list.push(added),
        Some(other) if text(other)? == text(&added)? => {}
        Some(_) => return Err(twice(name(&added))),
    }
    Ok(())
}

fn twice(name: &str) -> Problem {
    let problem = Problem::new(format!("two different services of the product have the name `{name}`"));
    problem.hint("give one of the targets another `name`, or write the service the same in both")
}

/// A name in `used-by` that no container has would be without effect.
fn check_users(context: &Context, product: &Product) -> Result<(), Problem> {
    let names: Vec<&str> = product
        .containers
        .iter()
        .map(|container| container.name.as_str())
        .collect();
    for (service, users) in &context.used_by {
        if let Some(user) = users.iter().find(|user| !names.contains(&user.as_str())) {
            let problem = Problem::new(format!(
                "`used-by` of the service `{service}` names `{user}`, which is no container of the product"
            ));
            return Err(problem.hint(format!("the containers are {}", names.join(", "))));
        }
    }
    Ok(())
}

/// A volume belongs to one container.
fn check_volumes(containers: &[Container]) -> Result<(), Problem> {
    let volumes = || {
        containers
            .iter()
            .flat_map(|own| own.volumes.iter().map(move |volume| (own, volume)))
    };
    for (number, (own, volume)) in volumes().enumerate() {
        if let Some((other, before)) = volumes().take(number).find(|(_, other)| other.name == volume.name) {
            let problem = Problem::new(format!(
                "`{}` of `{}` and `{}` of `{}` would both be the volume `{}`",
                before.path, other.name, volume.path, own.name, volume.name
            ));
            return Err(problem.hint("give one of the targets another `name`"));
        }
    }
    Ok(())
}

/// A port of the machine is offered by one container.
fn check_ports(containers: &[Container]) -> Result<(), Problem> {
    let ports = || {
        containers
            .iter()
            .flat_map(|own| own.published.iter().map(move |port| (own, port)))
    };
    for (number, (own, port)) in ports().enumerate() {
        if let Some((other, before)) = ports().take(number).find(|(_, other)| other.host == port.host) {
            let problem = Problem::new(format!(
                "port {} of `{}` and port {} of `{}` would both be port {} of the machine",
                before.port, other.name, port.port, own.name, port.host
            ));
            return Err(problem.hint(format!(
                "say in `host-ports` of one of the targets where Compose offers it: {{ \"{}\" = {} }}, or `false`",
                port.port,
                free(containers, port.host)
            )));
        }
    }
    Ok(())
}

/// A port that no container has, for an example.
fn free(containers: &[Container], taken: u16) -> u16 {
    let is_taken = |port: u16| {
        containers
            .iter()
            .flat_map(|own| &own.published)
            .any(|other| other.host == port)
    };
    (taken..=u16::MAX).find(|port| !is_taken(*port)).unwrap_or(1024)
}
