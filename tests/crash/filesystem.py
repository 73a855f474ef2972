# SPDX-License-Identifier: Apache-2.0
"""Small file systems of a test's own, mounted and taken down again."""
import os
import shutil
import subprocess
import time

MIB = 1 << 20
UNMOUNT_S = 20


def command(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, "%s: %s" % (" ".join(words), done.stderr)


def mount(*words):
    """Mount, or say what the test lacks."""
    done = subprocess.run(("mount",) + words, capture_output=True, text=True)
    assert done.returncode == 0, (
        "this test must be allowed to mount a small file system (root, and a "
        "free loop device): mount %s: %s" % (" ".join(words), done.stderr))


class Mounted:
    """A folder that something is mounted on until close()."""

    def __init__(self, folder, *words):
        self.path = str(folder)
        os.makedirs(self.path, exist_ok=True)
        mount(*words, self.path)

    def remount(self, options):
        mount("-o", "remount," + options, self.path)

    def close(self):
        """What a killed server held may take a moment to go."""
        end = time.monotonic() + UNMOUNT_S
        while os.path.ismount(self.path):
            done = subprocess.run(["umount", self.path], capture_output=True,
                                  text=True)
            if done.returncode == 0:
                return
            if time.monotonic() > end:
                subprocess.run(["umount", "-l", self.path], check=False)
                raise AssertionError(done.stderr)
            time.sleep(0.05)

    def fill(self, name="filler", leave=0):
        """Take all space but so many bytes; free() gives it back."""
        path = os.path.join(self.path, name)
        with open(path, "ab", buffering=0) as file:
            size = MIB
            while size >= 512:
                left = os.statvfs(self.path)
                if left.f_bavail * left.f_frsize < leave + size:
                    size //= 2
                    continue
                try:
                    file.write(b"f" * size)
                except OSError:
                    size //= 2
            if not leave:
                self._fill_to_the_brim(file)

    @staticmethod
    def _fill_to_the_brim(file):
        """Root may take what is reserved, too."""
        size = MIB
        while size:
            try:
                if not file.write(b"f" * size):
                    size //= 2
            except OSError:
                size //= 2

    def free(self, name="filler"):
        os.unlink(os.path.join(self.path, name))


class Disk(Mounted):
    """ext4 in a file; the loop device goes with the mount."""

    def __init__(self, image, folder, options="", size=96 * MIB, made=False):
        self.image = str(image)
        if not made:
            with open(self.image, "wb") as file:
                file.truncate(size)
            # Nothing may be left to be initialised in the background.
            command("mkfs.ext4", "-q", "-F", "-m", "0", "-E",
                    "lazy_itable_init=0,lazy_journal_init=0,nodiscard",
                    self.image)
        words = "loop" + ("," + options if options else "")
        super().__init__(folder, "-o", words, self.image)

    def copy(self, image):
        command("cp", "--sparse=always", self.image, str(image))

    def remove(self):
        self.close()
        os.unlink(self.image)
        shutil.rmtree(self.path, ignore_errors=True)
