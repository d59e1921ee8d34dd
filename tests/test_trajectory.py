import copy

import gsd.hoomd
import numpy as np
import pytest

from zeocryst.errors import InputError
from zeocryst.files.trajectory import (
    TrajectoryWriter,
    count_frames,
    iterate,
    logged,
    read_frame,
    rewrite,
    write_frame,
)


@pytest.fixture
def five(tmp_path, sgt):
    path = tmp_path / "t.gsd"
    with TrajectoryWriter(path) as writer:
        for k in range(5):
            writer.append(copy.deepcopy(sgt), 100 * k, {"x": 0.5 * k}, {"grain": np.full(612, k, np.int32)})
    return path


def test_frames_are_on_disk_at_once(tmp_path, sgt):
    path = tmp_path / "t.gsd"
    with TrajectoryWriter(path) as writer:
        for k in range(3):
            writer.append(copy.deepcopy(sgt), k)
            with gsd.hoomd.open(str(path)) as other:  # as another program would, while we write
                assert len(other) == k + 1


def test_others_read_schema_types_masses_and_logs(five):
    with gsd.hoomd.open(str(five)) as file:
        assert file.file.schema == "hoomd"
        frame = file[3]
        assert frame.configuration.step == 300
        assert frame.particles.types == ["T", "S"]
        assert frame.particles.mass == pytest.approx(28.0855)
        assert frame.log["zeocryst/x"] == pytest.approx([1.5])
        assert frame.log["particles/zeocryst/grain"].tolist() == [3] * 612


def test_appending_goes_on(five, sgt):
    with TrajectoryWriter(five) as writer:
        writer.append(copy.deepcopy(sgt), 500)
    assert count_frames(five) == 6
    assert [f.configuration.step for _, f in iterate(five, slice(1, None, 2))] == [100, 300, 500]


def test_a_file_of_its_earlier_frames_takes_its_place(five):
    assert rewrite(five, (frame for _, frame in iterate(five) if frame.configuration.step <= 250)) == 3
    assert count_frames(five) == 3
    assert logged(read_frame(five), "x") == 1.0
    assert not five.with_name("t.gsd.part").exists()


def test_write_frame_replaces_only_when_complete(tmp_path, sgt):
    path = tmp_path / "state.gsd"
    for k in range(3):
        write_frame(path, copy.deepcopy(sgt), {"step": k})
    assert count_frames(path) == 1
    assert logged(read_frame(path), "step") == 2
    assert logged(read_frame(path), "nothing") is None


def test_bad_files(tmp_path, five):
    with pytest.raises(InputError, match="no file"):
        read_frame(tmp_path / "none.gsd")
    (tmp_path / "text.gsd").write_text("not a trajectory")
    with pytest.raises(InputError, match="not a readable GSD file"):
        read_frame(tmp_path / "text.gsd")
    with pytest.raises(InputError, match="no frame 9; it has 5"):
        read_frame(five, 9)
    (tmp_path / "half.gsd").write_bytes(five.read_bytes()[:300])
    with pytest.raises(InputError, match="not a readable GSD file|damaged"):
        read_frame(tmp_path / "half.gsd")
    with TrajectoryWriter(tmp_path / "empty.gsd"):
        pass
    with pytest.raises(InputError, match="no frames"):
        read_frame(tmp_path / "empty.gsd")
