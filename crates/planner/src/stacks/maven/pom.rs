//! Reading `pom.xml`. Document types are refused by the parser, so no entity can grow without bound.

use roxmltree::{Document, Node};

use crate::error::PlanError;
use crate::scan;
use crate::source_tree::SourceTree;

/// A module's manifest, as far as a plan depends upon it.
#[derive(Debug, Clone)]
pub(crate) struct Pom {
    /// Folder of the module; empty for the root.
    pub(crate) dir: String,
    pub(crate) file: String,
    pub(crate) packaging: String,
    pub(crate) modules: Vec<String>,
    pub(crate) java: Option<String>,
    /// A plugin or a manifest entry that says what to start.
    pub(crate) makes_program: bool,
    pub(crate) packs_dependencies: bool,
    pub(crate) has_dependencies: bool,
    words: Vec<String>,
}

const PACKERS: [&str; 4] =
    ["spring-boot-maven-plugin", "maven-shade-plugin", "maven-assembly-plugin", "quarkus-maven-plugin"];

impl Pom {
    /// Reads the manifest in `dir` (empty for the root).
    /// Errors: `InvalidManifest` when it is not XML.
    pub(crate) fn read(tree: &SourceTree, dir: &str) -> Result<Pom, PlanError> {
        let file = if dir.is_empty() { "pom.xml".to_owned() } else { format!("{dir}/pom.xml") };
        let text = tree.read(&file).ok_or_else(|| PlanError::manifest(&file, "it is larger than 256 KiB"))?;
        let document = Document::parse(text).map_err(|e| PlanError::manifest(&file, e))?;
        let project = document.root_element();
        if project.tag_name().name() != "project" {
            return Err(PlanError::manifest(&file, "its outer element is not <project>"));
        }
        let artifacts =
            || project.descendants().filter(|n| n.has_tag_name_local("artifactId")).filter_map(|n| n.text());
        let build = child(project, "build");
        let plugins: Vec<&str> = build
            .into_iter()
            .flat_map(|build| build.descendants())
            .filter(|n| n.has_tag_name_local("artifactId"))
            .filter_map(|n| n.text())
            .map(str::trim)
            .collect();
        let names_main = project.descendants().any(|n| n.has_tag_name_local("mainClass"));
        Ok(Pom {
            dir: dir.to_owned(),
            packaging: text_of(project, "packaging").unwrap_or("jar").to_owned(),
            modules: modules(project),
            java: java(project),
            makes_program: names_main || PACKERS.iter().any(|packer| plugins.contains(packer)),
            packs_dependencies: PACKERS.iter().any(|packer| plugins.contains(packer)),
            has_dependencies: child(project, "dependencies")
                .is_some_and(|d| d.children().any(|n| n.is_element() && !is_test(n))),
            words: artifacts().map(|word| word.trim().to_owned()).collect(),
            file,
        })
    }

    pub(crate) fn framework(&self) -> Option<&'static str> {
        const KNOWN: [(&str, &str); 5] = [
            ("spring-boot", "spring-boot"),
            ("quarkus", "quarkus"),
            ("micronaut", "micronaut"),
            ("javalin", "javalin"),
            ("jetty-server", "jetty"),
        ];
        KNOWN
            .iter()
            .find(|(start, _)| self.words.iter().any(|word| word.starts_with(start)))
            .map(|(_, name)| *name)
    }
}

trait LocalName {
    fn has_tag_name_local(&self, name: &str) -> bool;
}

impl LocalName for Node<'_, '_> {
    /// Poms come with and without the namespace of Maven.
    fn has_tag_name_local(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

fn child<'a, 'd>(node: Node<'a, 'd>, name: &str) -> Option<Node<'a, 'd>> {
    node.children().find(|n| n.has_tag_name_local(name))
}

fn text_of<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name)?.text().map(str::trim).filter(|text| !text.is_empty())
}

fn is_test(dependency: Node<'_, '_>) -> bool {
    matches!(text_of(dependency, "scope"), Some("test" | "provided"))
}

fn modules(project: Node<'_, '_>) -> Vec<String> {
    let names = child(project, "modules").into_iter().flat_map(|m| m.children());
    names.filter(|n| n.has_tag_name_local("module")).filter_map(|n| scan::folder(n.text()?)).collect()
}

/// The version of Java: the customary properties, else the compiler plugin's settings; a property is followed.
fn java(project: Node<'_, '_>) -> Option<String> {
    let properties = child(project, "properties");
    let property = |name: &str| properties.and_then(|p| text_of(p, name));
    let follow = |text: &str| {
        let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        name.and_then(property).unwrap_or(text).to_owned()
    };
    let named = ["maven.compiler.release", "java.version", "maven.compiler.source", "maven.compiler.target"];
    if let Some(found) = named.iter().find_map(|name| property(name)) {
        return Some(follow(found));
    }
    let compiler = child(project, "build")?
        .descendants()
        .find(|n| {
            n.has_tag_name_local("artifactId")
                && n.text().is_some_and(|t| t.trim() == "maven-compiler-plugin")
        })?
        .parent()?;
    let configuration = child(compiler, "configuration")?;
    ["release", "source", "target"].iter().find_map(|name| text_of(configuration, name)).map(follow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pom(body: &str) -> Result<Pom, PlanError> {
        let mut tree = SourceTree::new();
        tree.insert("pom.xml", Some(format!("<project xmlns='x'>{body}</project>")));
        Pom::read(&tree, "")
    }

    #[test]
    fn a_property_is_followed_to_its_value() {
        let body =
            "<properties><jdk>21</jdk><maven.compiler.release>${jdk}</maven.compiler.release></properties>";
        assert_eq!(pom(body).unwrap().java.as_deref(), Some("21"));
    }

    #[test]
    fn the_compiler_plugin_is_asked_when_no_property_speaks() {
        let body = "<build><plugins><plugin><artifactId>maven-compiler-plugin</artifactId>\
                    <configuration><source>1.8</source></configuration></plugin></plugins></build>";
        assert_eq!(pom(body).unwrap().java.as_deref(), Some("1.8"));
    }

    #[test]
    fn a_pom_with_a_document_type_is_refused() {
        let mut tree = SourceTree::new();
        tree.insert("pom.xml", Some("<!DOCTYPE p [<!ENTITY a 'b'>]><project>&a;</project>"));
        assert_eq!(Pom::read(&tree, "").unwrap_err().as_code(), "invalid_manifest");
    }

    #[test]
    fn a_module_outside_the_project_is_not_followed() {
        let read = pom("<modules><module>api</module><module>../other</module></modules>").unwrap();
        assert_eq!(read.modules, ["api"]);
    }
}
