//! The recipe: every file that a pipeline's datasets are computed by, as one
//! text that is archived beside the answers. Equal files are equal bytes, so
//! versions made the same way name the same object. It holds no secret: tokens
//! come from the environment, and what a URL carries in its query is masked.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{Config, Pipeline};
use crate::fetch::masked;
use crate::reference::Reference;

const FORMAT: u32 = 1;

/// Files by their names below a project's folder, in the order of the names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    format: u32,
    pub pipeline: String,
    pub files: BTreeMap<String, String>,
}

#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    #[error("it is no recipe: {0}")]
    Broken(String),
    #[error("its format {0} is newer than this program, which reads up to {FORMAT}")]
    Newer(u32),
    #[error("it names the file {0:?}, which would lie outside its folder")]
    Outside(String),
    #[error("could not unpack it into {}: {error}", folder.display())]
    Unpack { folder: PathBuf, error: io::Error },
}

impl Recipe {
    /// From the texts that were parsed, not from what may stand in the files by now.
    pub fn of(config: &Config, reference: &Reference, pipeline: &Pipeline) -> Self {
        let mut files = BTreeMap::from([("config/underlag.toml".to_owned(), settings(config))]);
        let config_dir = config.file.parent().unwrap_or(Path::new("/"));
        let own = format!("pipelines/{}", pipeline.name);
        for path in config.files.paths() {
            let name = match (path.strip_prefix(&pipeline.dir), path.strip_prefix(config_dir)) {
                (Ok(below), _) => format!("{own}/{}", below.display()),
                (_, Ok(beside)) if ["sources.toml", "areas.toml"].map(Path::new).contains(&beside) => {
                    format!("config/{}", beside.display())
                }
                _ => continue,
            };
            files.insert(name, without_secrets(config.files.text(path).unwrap_or_default()));
        }
        for (name, bytes) in &reference.files {
            files.insert(format!("reference/{name}"), String::from_utf8_lossy(bytes).into_owned());
        }
        Self { format: FORMAT, pipeline: pipeline.name.clone(), files }
    }

    /// The canonical bytes.
    pub fn bytes(&self) -> Vec<u8> {
        // Maps from text to text have no way to fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, RecipeError> {
        #[derive(Deserialize)]
        struct Numbered {
            format: u32,
        }
        let broken = |error: serde_json::Error| RecipeError::Broken(error.to_string());
        let Numbered { format } = serde_json::from_slice(bytes).map_err(broken)?;
        if format > FORMAT {
            return Err(RecipeError::Newer(format));
        }
        serde_json::from_slice(bytes).map_err(broken)
    }

    /// Writes the files below a folder that may be thrown away, and gives the path of `underlag.toml`.
    pub fn unpack(&self, folder: &Path) -> Result<PathBuf, RecipeError> {
        let fault = |error| RecipeError::Unpack { folder: folder.to_owned(), error };
        for (name, text) in &self.files {
            let below = Path::new(name);
            if !below.components().all(|part| matches!(part, Component::Normal(_))) {
                return Err(RecipeError::Outside(name.clone()));
            }
            let path = folder.join(below);
            std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(fault)?;
            std::fs::write(path, text).map_err(fault)?;
        }
        Ok(folder.join("config").join("underlag.toml"))
    }
}

/// Of `underlag.toml` only what a version shows: the rest says where and how fast, not what.
fn settings(config: &Config) -> String {
    let name = toml::Value::String(config.publisher.name.clone());
    format!("version = 1\n\n[publisher]\nname = {name}\n")
}

/// The text with stars for the secret parameters of every URL in it.
fn without_secrets(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(mark) = rest.find("://") {
        let begins = |each: char| !(each.is_ascii_alphanumeric() || "+-.".contains(each));
        let start = rest[..mark].rfind(begins).map_or(0, |at| at + rest[at..].chars().next().map_or(1, char::len_utf8));
        let after = mark + "://".len();
        let ends = |each: char| each.is_whitespace() || "\"'<>`".contains(each);
        let end = rest[after..].find(ends).map_or(rest.len(), |length| after + length);
        clean.push_str(&rest[..start]);
        clean.push_str(&masked(&rest[start..end]));
        rest = &rest[end..];
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe() -> Recipe {
        Recipe {
            format: FORMAT,
            pipeline: "a".to_owned(),
            files: BTreeMap::from([
                ("reference/lan.csv".to_owned(), "# källa: SCB\nkod,namn\n".to_owned()),
                ("pipelines/a/pipeline.toml".to_owned(), "version = 1\n".to_owned()),
            ]),
        }
    }

    #[test]
    fn equal_recipes_are_equal_bytes_and_come_back() {
        let bytes = recipe().bytes();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(
            text,
            "{\"format\":1,\"pipeline\":\"a\",\"files\":{\"pipelines/a/pipeline.toml\":\"version = 1\\n\",\
             \"reference/lan.csv\":\"# källa: SCB\\nkod,namn\\n\"}}"
        );
        assert_eq!(Recipe::parse(&bytes).unwrap(), recipe());
        let newer = text.replace("\"format\":1", "\"format\":2");
        assert_eq!(
            Recipe::parse(newer.as_bytes()).unwrap_err().to_string(),
            "its format 2 is newer than this program, which reads up to 1"
        );
        assert!(Recipe::parse(b"{}").is_err());
    }

    #[test]
    fn it_is_unpacked_below_its_folder_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        recipe().unpack(folder.path()).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("pipelines/a/pipeline.toml")).unwrap(), "version = 1\n");
        for name in ["../x", "/x", "a/../../x"] {
            let mut recipe = recipe();
            recipe.files.insert(name.to_owned(), String::new());
            assert!(matches!(recipe.unpack(folder.path()), Err(RecipeError::Outside(_))), "{name}");
        }
    }

    #[test]
    fn secrets_of_urls_are_masked_and_nothing_else_is_touched() {
        let text = "url = \"https://å.example/x.csv?year=2024&token=hemligt\"\n# se https://b.example/y?z=1, och ://\n";
        let clean = without_secrets(text);
        assert!(!clean.contains("hemligt") && clean.contains("token=***"), "{clean}");
        let plain = "base_url = \"https://a.example/api/v2\" # ä://ö x://\nå\n";
        assert_eq!(without_secrets(plain), plain);
    }
}
