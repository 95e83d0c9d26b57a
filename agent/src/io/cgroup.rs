//! Counters of containers straight from the kernel's files: two or three small reads each, where asking the engine would
//! cost it a millisecond of processor time for each container and second. Blocks.
//! Deliberately absent: network counters, which these files do not have.

use crate::logic::gauges::Counters;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use ttalkak_protocol::unit::Bytes;

/// Where the files of one container are.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// One tree for all.
    Unified(PathBuf),
    /// A tree for each kind: processor time and memory.
    Split(PathBuf, PathBuf),
}

/// Finds and remembers the places of containers.
#[derive(Debug, Clone)]
pub struct Cgroups {
    root: PathBuf,
    uid: u32,
    places: BTreeMap<String, Option<Place>>,
}

impl Cgroups {
    /// `root` is `/sys/fs/cgroup`; `uid` is ours, below which rootless engines keep theirs.
    pub fn new(root: impl Into<PathBuf>, uid: u32) -> Self {
        Self { root: root.into(), uid, places: BTreeMap::new() }
    }

    /// The counters of those containers that could be found and read.
    pub fn read<'a>(&mut self, ids: impl Iterator<Item = &'a str>) -> BTreeMap<String, Counters> {
        let ids: Vec<&str> = ids.collect();
        self.places.retain(|id, place| ids.contains(&id.as_str()) && place.is_some());
        let mut found = BTreeMap::new();
        for id in ids {
            let place = match self.places.get(id) {
                Some(place) => place.clone(),
                None => {
                    let place = self.find(id);
                    self.places.insert(id.to_owned(), place.clone());
                    place
                }
            };
            if let Some(counters) = place.and_then(|place| place.read()) {
                found.insert(id.to_owned(), counters);
            }
        }
        found
    }

    /// The engines' habits: by cgroup driver, with and without root.
    fn find(&self, id: &str) -> Option<Place> {
        let uid = self.uid;
        let user = format!("user.slice/user-{uid}.slice/user@{uid}.service");
        let names = [
            format!("system.slice/docker-{id}.scope"),
            format!("docker/{id}"),
            format!("{user}/user.slice/docker-{id}.scope"),
            format!("{user}/app.slice/docker-{id}.scope"),
            format!("machine.slice/libpod-{id}.scope"),
            format!("machine.slice/libpod-{id}.scope/container"),
            format!("{user}/user.slice/libpod-{id}.scope/container"),
            format!("{user}/user.slice/libpod-{id}.scope"),
        ];
        let there = |path: PathBuf| path.is_dir().then_some(path);
        names.iter().find_map(|name| {
            if self.root.join("cgroup.controllers").exists() {
                return there(self.root.join(name)).map(Place::Unified);
            }
            let cpu = ["cpuacct", "cpu,cpuacct", "cpu"];
            let cpu = cpu.iter().find_map(|tree| there(self.root.join(tree).join(name)))?;
            let memory = there(self.root.join("memory").join(name))?;
            Some(Place::Split(cpu, memory))
        })
    }
}

impl Place {
    fn read(&self) -> Option<Counters> {
        let (cpu_us, memory, inactive) = match self {
            Self::Unified(folder) => (
                field(&folder.join("cpu.stat"), "usage_usec")?,
                number(&folder.join("memory.current"))?,
                field(&folder.join("memory.stat"), "inactive_file"),
            ),
            Self::Split(cpu, memory) => (
                number(&cpu.join("cpuacct.usage"))? / 1000,
                number(&memory.join("memory.usage_in_bytes"))?,
                field(&memory.join("memory.stat"), "total_inactive_file"),
            ),
        };
        Some(Counters { cpu_us, memory: Bytes(memory.saturating_sub(inactive.unwrap_or(0))) })
    }
}

fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn field(file: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let mut pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs.find(|(key, _)| *key == name)?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn counters_are_found_in_one_tree_and_in_split_ones() {
        let (one, split) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        put(one.path(), "cgroup.controllers", "cpu memory");
        let scope = "user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ab.scope";
        put(one.path(), &format!("{scope}/cpu.stat"), "usage_usec 1500\nuser_usec 1\n");
        put(one.path(), &format!("{scope}/memory.current"), "900\n");
        put(one.path(), &format!("{scope}/memory.stat"), "anon 5\ninactive_file 100\n");
        put(split.path(), "cpuacct/docker/ab/cpuacct.usage", "1500000\n");
        put(split.path(), "memory/docker/ab/memory.usage_in_bytes", "900\n");
        put(split.path(), "memory/docker/ab/memory.stat", "inactive_file 1\ntotal_inactive_file 100\n");
        let expected = Counters { cpu_us: 1500, memory: Bytes(800) };
        for root in [one.path(), split.path()] {
            let mut cgroups = Cgroups::new(root, 1000);
            assert_eq!(cgroups.read(["ab", "cd"].into_iter()), [("ab".to_owned(), expected)].into());
        }
        // Later a container is there that was not before.
        let mut cgroups = Cgroups::new(split.path(), 1000);
        assert!(cgroups.read(["cd"].into_iter()).is_empty());
        put(split.path(), "cpuacct/docker/cd/cpuacct.usage", "0\n");
        put(split.path(), "memory/docker/cd/memory.usage_in_bytes", "0\n");
        assert_eq!(cgroups.read(["cd"].into_iter()).len(), 1);
    }
}
