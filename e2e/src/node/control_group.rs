//! The control groups of a node, in whatever hierarchies this machine has.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use confab_testbed::process::eventually;

/// A process that was killed leaves its group a moment later.
const DEADLINE: Duration = Duration::from_secs(20);

/// Makes the group in every hierarchy: kubelet wants it to be there.
pub fn create(name: &str) -> Result<()> {
    for hierarchy in hierarchies()? {
        // Version 2 has one hierarchy, where a group offers its children what it is told to. What cannot be had is
        // kubelet's to complain of.
        for controller in ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"] {
            let control = hierarchy.join("cgroup.subtree_control");
            if control.exists() {
                let _ = fs::write(control, format!("+{controller}"));
            }
        }
        let group = hierarchy.join(name);
        fs::create_dir_all(&group).with_context(|| format!("{} cannot be made", group.display()))?;
    }
    Ok(())
}

/// Removes the group with all below it, once the last of its processes has ended.
pub async fn remove(name: &str) -> Result<()> {
    for hierarchy in hierarchies()? {
        let group = hierarchy.join(name);
        eventually(&format!("{} goes", group.display()), DEADLINE, || {
            remove_tree(&group);
            !group.exists()
        })
        .await?;
    }
    Ok(())
}

/// Groups go with rmdir, the innermost first; the files in them are no files. One that is in use stays.
fn remove_tree(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}

fn hierarchies() -> Result<Vec<PathBuf>> {
    let mounts = fs::read_to_string("/proc/mounts").context("no mounts")?;
    Ok(mount_points(&mounts))
}

fn mount_points(mounts: &str) -> Vec<PathBuf> {
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let groups = fields.filter(|fields| fields.get(2).is_some_and(|kind| kind.starts_with("cgroup")));
    groups.filter_map(|fields| fields.get(1).map(PathBuf::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_of_both_versions_are_found() {
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\n\
                      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        let expected = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified"].map(PathBuf::from);
        assert_eq!(mount_points(mounts), expected);
    }
}
