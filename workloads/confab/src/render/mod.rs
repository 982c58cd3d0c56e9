//! `confab render`: prints the objects that the operator would apply.

mod folder;

use std::process::ExitCode;

use confab_crds::ChatTenant;
use confab_crds::offline::Document;
use confab_desired::Object;
use serde_json::json;

use crate::cli::{Output, RenderArgs, RenderingArgs};
use crate::rendering::document::{comment, yaml};
use crate::rendering::guest::record_text;
use crate::rendering::{Guest, Operator, Outcome, Rendering, offline};
use crate::tenants;

/// The input is wrong: as clap has it.
pub const WRONG: u8 = 2;

/// Prints or writes the objects.
#[expect(clippy::print_stdout, reason = "the objects are this command's output")]
pub fn run(args: &RenderArgs) -> ExitCode {
    let written = of(&args.rendering).and_then(|renderings| match &args.output {
        Output::Yaml => {
            print!("{}", documents(&renderings));
            Ok(())
        }
        Output::Json => {
            say(&renderings);
            println!("{}", list(&renderings));
            Ok(())
        }
        Output::Folder(path) => {
            say(&renderings);
            folder::write(path, &renderings).map_err(|error| vec![format!("{error:#}")])
        }
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => refuse(&problems),
    }
}

/// Names every problem.
pub fn refuse(problems: &[String]) -> ExitCode {
    for problem in problems {
        eprintln!("{problem}");
    }
    ExitCode::from(WRONG)
}

fn of(args: &RenderingArgs) -> Result<Vec<Rendering>, Vec<String>> {
    let operator = operator(args)?;
    let documents = tenants::read(&args.files)?;
    let tenants: Vec<ChatTenant> = documents.into_iter().map(Document::into_tenant).collect();
    offline(&tenants, &operator, args.capabilities())
}

/// What the operator is told, by these arguments.
pub fn operator(args: &RenderingArgs) -> Result<Operator, Vec<String>> {
    let read = args.settings.as_deref().map(Operator::read).transpose();
    read.map(Option::unwrap_or_default).map_err(|error| vec![format!("{error:#}")])
}

/// YAML documents. What is said of a tenant stands at its first one.
fn documents(renderings: &[Rendering]) -> String {
    let documents = renderings.iter().flat_map(|rendering| {
        let said = comment(&about(rendering).join("\n"));
        match &rendering.outcome {
            Outcome::Guest(_) => vec![said],
            Outcome::Objects(objects) => {
                let mut documents: Vec<String> = objects.all().into_iter().map(document).collect();
                documents[0].insert_str(0, &said);
                documents
            }
        }
    });
    documents.flat_map(|document| ["---\n".to_owned(), document]).collect()
}

/// An object, after what is to be said of it.
fn document((object, contents): (&Object, Option<String>)) -> String {
    contents.map(|contents| comment(&contents)).unwrap_or_default() + &yaml(&object.value)
}

/// One List of all objects.
fn list(renderings: &[Rendering]) -> String {
    let objects = renderings.iter().filter_map(|rendering| match &rendering.outcome {
        Outcome::Objects(objects) => Some(objects),
        Outcome::Guest(_) => None,
    });
    let items: Vec<_> = objects.flat_map(|objects| objects.all()).map(|(object, _)| &object.value).collect();
    format!("{:#}", json!({"apiVersion": "v1", "kind": "List", "items": items}))
}

/// What YAML says in comments.
fn say(renderings: &[Rendering]) {
    for line in renderings.iter().flat_map(about) {
        eprintln!("{line}");
    }
}

/// What is to be said of a tenant.
fn about(rendering: &Rendering) -> Vec<String> {
    let mut lines = Vec::new();
    match &rendering.outcome {
        Outcome::Objects(objects) => {
            let count = objects.all().len();
            lines.push(format!(
                "ChatTenant {}: {count} objects, in the order in which they are applied.",
                rendering.name
            ));
        }
        Outcome::Guest(guest) => lines.extend(about_guest(&rendering.name, guest)),
    }
    lines.extend(rendering.notes.iter().map(|note| format!("Note: {note}.")));
    lines
}

fn about_guest(name: &str, guest: &Guest) -> Vec<String> {
    let host = guest.host.as_ref().map(|host| format!("{}/{}", host.namespace, host.name));
    let host = host.unwrap_or_else(|| "its host".to_owned());
    let mut lines = vec![format!("ChatTenant {name} is Shared and needs no object. The pods of {host} are told:")];
    lines.extend(record_text(&guest.record).lines().map(|line| format!("  {line}")));
    lines
}
