//! U06: the data folder, what is published in it, and the way back to the archive.

use super::{codes, readers};

codes! { "The data folder":
    DISK_FULL "U0601" "the disk is full" {
        means: "A file could not be written for want of room, or because the system limits its size.",
        readers: "The last good version, whole: no pointer has moved.",
        todo: [
            "`df -h`, `df -i`: which disk, and is it room or inodes?",
            "`underlag gc --dry-run` shows what retention would let go; never delete in archive/ or datasets/ by hand.",
            "The daemon goes on by itself when there is room.",
        ],
        runbook: "the-disk-is-full",
    }
    NOT_PERMITTED "U0602" "the data folder may not be written or read" {
        means: "The user that runs underlag does not own the data folder, or it is on a read-only file system.",
        readers: readers::UNTOUCHED,
        todo: [
            "By hand beside the service: `sudo -u underlag underlag …`.",
            "Files made by root: `chown -R underlag:underlag-readers /var/lib/underlag`.",
            "Read-only: `dmesg` tells whether the disk has failed.",
        ],
        runbook: "damage",
    }
    STORAGE "U0603" "a file can't be written or read" {
        means: "The system, or the object storage, answered an operation with an error. The message names the operation, the path and the \
                system's reason.",
        readers: readers::UNTOUCHED,
        todo: [
            "On this machine: see `dmesg` and `journalctl -k` for a failing disk.",
            "Object storage: the network, then `data_url` and [storage]. Does the bucket exist? underlag makes none.",
            "Then run again: what was begun is ended or taken back.",
        ],
        runbook: "damage",
    }
    STORAGE_ACCESS "U0604" "object storage can't be used" {
        means: "There are no credentials for the bucket, only half of them, they are not accepted, or the client could not be set up.",
        readers: readers::UNTOUCHED,
        todo: [
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or underlag.s3-access-key-id and underlag.s3-secret-access-key in /etc/credstore: \
             docs/install.md.",
            "They must allow reading, writing, listing and deleting in the bucket.",
        ],
    }
    LOCKED "U0605" "another underlag is at work" {
        means: "Only one process writes in a data folder at a time. The message tells which one it is.",
        readers: readers::UNTOUCHED,
        todo: ["Wait for it: `--wait`.", "Another folder for a try of your own: `--data-dir`."],
    }
    OVERTAKEN "U0606" "another machine published meanwhile" {
        means: "Two machines publish to one bucket, and the other one was quicker. Nothing is mixed: its version stands.",
        readers: "The other machine's version, whole.",
        todo: ["Run again: what it published is found.", "Let one machine alone publish."],
        runbook: "move-to-a-new-server",
    }
    DAMAGED "U0607" "what is published is damaged" {
        means: "A pointer, manifest, act or data file is missing or not what it was when it was published.",
        readers: "Every dataset that is not damaged as it was; of the damaged one, files may be missing or wrong.",
        todo: [
            "`underlag verify` names all that is damaged.",
            "`underlag verify --repair --wait` mends it from the archive, or goes back to the newest sound version. Nothing is thrown away.",
            "Then look at the disk.",
        ],
        runbook: "damage",
    }
    NEWER "U0608" "a newer program wrote this" {
        means: "A file has a format that this version does not know. Nothing is read half.",
        readers: readers::UNTOUCHED,
        todo: [
            "Use that newer version, or a later one.",
            "Only the ledger may be set aside to go back: `mv ledger.sqlite ledger.sqlite.new`. It is made anew from the lake.",
        ],
    }
    LEDGER "U0609" "the ledger can't be used" {
        means: "ledger.sqlite, the record of runs, can't be read or written. While it can't be written, the daemon starts nothing.",
        readers: readers::UNTOUCHED,
        todo: [
            "Full disk or wrong owner: see U0601, U0602.",
            "Damaged: the next run, or `underlag verify --repair`, sets it aside and makes it anew from the manifests.",
        ],
        runbook: "damage",
    }
    UNRECORDED "U0610" "published, but not recorded" {
        means: "The new version is in force, and the record of the run could not be written.",
        readers: "The new version, whole.",
        todo: ["Free space, and run again: the version is found unchanged and recorded."],
        runbook: "the-disk-is-full",
    }
    ARCHIVE_DAMAGED "U0611" "an archived answer is missing or damaged" {
        means: "An answer in the archive is gone, or its content does not have the hash that it is named by.",
        readers: readers::UNTOUCHED,
        todo: [
            "Restore the file from the backup.",
            "Or fetch it again with `underlag run PIPELINE --force`, if the source still answers the same; then `underlag verify --repair`.",
        ],
        runbook: "damage",
    }
    NOT_REPRODUCIBLE "U0612" "a version can't be computed again" {
        means: "The recipe, an answer or an input that a version was made of is missing, or gives something else.",
        readers: readers::UNTOUCHED,
        todo: [
            "The message says what is missing: restore it from the backup.",
            "A recipe that this program refuses: replay it with the version that made it; the manifest names it.",
        ],
        runbook: "damage",
    }
    CITATIONS "U0613" "a list of citations can't be read" {
        means: "A file in frozen/ is not of the form that it must have. Nothing is let go by retention while it is so.",
        readers: readers::UNTOUCHED,
        todo: ["Correct it: {\"format\": 1, \"cites\": [{\"dataset\": \"…\", \"version\": \"…\"}]}. docs/operations.md has more."],
    }
    ROWS_LET_GO "U0614" "the rows of a version are gone" {
        means: "Retention has removed the data of an old version. Its manifest is kept, and the archive that it was made of.",
        readers: readers::UNTOUCHED,
        todo: ["`underlag replay DATASET VERSION` computes it again from the archive."],
    }
}
