//! A workspace as bytes, so that files which have not changed need not be parsed and checked again.
//!
//! For the same farm alone: the bytes say nothing of their own form. Does not know where they are kept, nor whether the
//! files have changed.

use super::Workspace;

/// The bytes of a workspace; none where its folder's path is no text.
pub(crate) fn encode(workspace: &Workspace) -> Option<Vec<u8>> {
    postcard::to_stdvec(workspace).ok()
}

/// The workspace that [`encode`] was given; none where the bytes are anything else.
pub(crate) fn decode(bytes: &[u8]) -> Option<Workspace> {
    postcard::from_bytes(bytes).ok()
}

/// Options as JSON text: their values say of themselves what they are.
pub(super) mod json {
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use serde_json::{Map, Value};

    pub(in crate::config) fn serialize<S: Serializer>(
        options: &Map<String, Value>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = serde_json::to_string(options).map_err(S::Error::custom)?;
        text.serialize(serializer)
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Map<String, Value>, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        serde_json::from_str(text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_comes_back_with_the_places_of_its_options() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "[workspace]\nname = \"shop\"\nmembers = [\"libs/*\"]\n[cache]\nmax-age = \"1d\"\n\
             [targets.web]\nbuilder = \"command\"\noptions = { command = \"x\", tools = [\"y\", \"z\"], weight = 2 }\n";
        crate::fs::create_dirs(&folder.path().join("libs/core")).expect("a member");
        let write = |path, text: &str| {
            crate::fs::write_atomic(&folder.path().join(path), text.as_bytes(), crate::fs::Sync::Lazy).expect("a file");
        };
        write("farm.toml", text);
        write(
            "libs/core/farm.toml",
            "[targets.build]\nbuilder = \"command\"\ndeps = [\"web\"]\n",
        );
        let workspace = super::super::load(folder.path(), &["command"]).expect("it is right");
        let bytes = encode(&workspace).expect("its folder's path is text");
        let back = decode(&bytes).expect("it was just written");
        assert_eq!(format!("{back:?}"), format!("{workspace:?}"));
        assert_eq!(back.targets[0].option_location("/tools/1").line, 8);
        assert!(decode(&bytes[..bytes.len() - 1]).is_none());
    }
}
