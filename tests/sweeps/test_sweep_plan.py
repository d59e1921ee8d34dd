"""The file of a sweep: which points it means, and what is told where it means none."""

import itertools
import time

import pytest

from zeocryst.errors import InputError
from zeocryst.studies.reading import read_study
from zeocryst.sweeps import sweep_plan
from zeocryst.sweeps.axes import Axis, default_names
from zeocryst.sweeps.sweep_plan import KEYS, TABLE, read_plan

MELT = """
seed = 3
[system]
start = "melt"
n_T = 200
n_S = 20
density_T_per_1000A3 = 17.0
"""
SEEDED = """
[system]
start = "framework"
framework = "SGT"
"""
STAGES = """
[[stage]]
kind = "langevin"
temperature_K = [1600, 620]
time_ps = 5
[[stage]]
kind = "npt"
temperature_K = 620
coupling = "aniso"
time_ps = 100
"""
#: A slab that melts and grows, as the criterion front_speed needs it.
SLAB = SEEDED + STAGES.replace("time_ps = 5", "time_ps = 5\nseed_region = { fraction = 0.5 }")
TEMPERATURES = '[[sweep.axis]]\nkey = "stage.npt.temperature_K"\nvalues = [600, 640, 680]\n'
MANY = TEMPERATURES.replace("600, 640, 680", "600, 620, 640, 660, 680")
SHARES = '[[sweep.axis]]\nkey = "composition.S_per_T"\nvalues = [0.05, 0.1]\n'


@pytest.fixture
def read(tmp_path):
    def plan(table, base=MELT + STAGES, **options):
        path = tmp_path / "study.toml"
        path.write_text(base + table)
        return read_plan(read_study(path, TABLE, KEYS), **options)

    return plan


@pytest.fixture
def again(tmp_path):
    """The plan of a study's file as a sweep's folder has it, written somewhere else."""

    def plan(table, base=MELT + STAGES):
        path = tmp_path / "study.toml"
        path.write_text(base + table)
        study = read_study(path, TABLE, KEYS)
        one = read_plan(study)
        other = tmp_path / "elsewhere" / "study.toml"
        other.parent.mkdir(exist_ok=True)
        other.write_text(study.to_toml(one.table(), study.stages, output=one.output))
        return one, read_plan(read_study(other, TABLE, KEYS))

    return plan


def values(plan):
    return [tuple(setting.values.values()) for setting in plan.settings]


# ---- what is meant --------------------------------------------------------------------------------


def test_axes_are_multiplied_the_last_fastest(read):
    plan = read("[sweep]\nreplicas = 3\n" + TEMPERATURES + SHARES)
    assert [axis.name for axis in plan.axes] == ["temperature_K", "S_per_T"]
    assert values(plan) == [(600, 0.05), (600, 0.1), (640, 0.05), (640, 0.1), (680, 0.05), (680, 0.1)]
    assert dict(plan.settings[1].by_key) == {"stage.npt.temperature_K": 600, "composition.S_per_T": 0.1}
    assert plan.by_key({"temperature_K": 1, "S_per_T": 2}) == {
        "stage.npt.temperature_K": 1,
        "composition.S_per_T": 2,
    }
    assert (plan.replicas, plan.success, plan.framework, plan.funnel) == (3, "crystalline", "", None)


def test_a_table_has_its_own_points_and_no_others(read):
    row = '[[sweep.point]]\n"stage.npt.temperature_K" = {}\n"composition.S_per_T" = {}\n'
    plan = read(row.format(640, 0.1) + row.format(600, 0.05) + row.format(640, 0.05))
    assert values(plan) == [(640, 0.1), (600, 0.05), (640, 0.05)]
    assert plan.axes == (
        Axis("temperature_K", ("stage.npt.temperature_K",), (640.0, 600.0)),
        Axis("S_per_T", ("composition.S_per_T",), (0.1, 0.05)),
    )
    bare = "[[sweep.point]]\nstage.npt.temperature_K = 640\ncomposition.S_per_T = 0.1\n"
    assert values(read(bare)) == [(640, 0.1)]
    turned = bare + '[[sweep.point]]\n"composition.S_per_T" = 0.05\n"stage.npt.temperature_K" = 600\n'
    assert values(read(turned)) == [(640, 0.1), (600, 0.05)]


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        ('key = "stage.npt.temperature_K"\nfrom = 600\nto = 700\nsteps = 5', (600, 625, 650, 675, 700)),
        (
            'key = "stage.npt.temperature_K"\nfrom = 600\nto = 700\nsteps = 4',
            (600, 633.333333, 666.666667, 700),
        ),
        ('key = "stage.npt.time_ps"\nfrom = 10\nto = 1000\nsteps = 3\nscale = "log"', (10, 100, 1000)),
        ('key = "forcefield.T-S.sigma_A"\nfrom = 4.9\nto = 5.1\nsteps = 3', (4.9, 5.0, 5.1)),
        ('key = "system.n_T"\nfrom = 100\nto = 400\nsteps = 4', (100, 200, 300, 400)),
        ('key = "system.n_T"\nvalues = [100.0, 300]', (100, 300)),
        ('key = "stage.npt.coupling"\nvalues = ["iso", "aniso"]', ("iso", "aniso")),
        ('key = "forcefield.name"\nvalues = ["ts", "ts_sigma2"]', ("ts", "ts_sigma2")),
    ],
)
def test_values_are_those_of_a_list_or_of_a_range_with_its_ends(read, axis, expected):
    (found,) = read(f"[[sweep.axis]]\n{axis}\n").axes
    assert found.values == expected
    whole = "n_T" in axis
    assert all(
        type(value) is (str if isinstance(value, str) else int if whole else float) for value in found.values
    )


def test_spellings_of_the_same_are_the_same(read):
    plan = read('[[sweep.axis]]\nkey = "system.framework"\nvalues = ["sgt", "*BEA", "SOD"]\n', SEEDED + STAGES)
    assert plan.axes[0] == Axis("system_framework", ("system.framework",), ("SGT", "BEA", "SOD"))


def test_several_keys_get_the_same_value(read):
    plan = read(
        '[[sweep.axis]]\nkey = ["forcefield.T-S.epsilon_eV", "forcefield.S-S.epsilon_eV"]\nname = "softness"\n'
        "values = [0.02, 0.03]\n"
    )
    assert dict(plan.settings[1].values) == {"softness": 0.03}
    assert dict(plan.settings[1].by_key) == {
        "forcefield.T-S.epsilon_eV": 0.03,
        "forcefield.S-S.epsilon_eV": 0.03,
    }


def test_replicas_alone_are_a_sweep_of_one_point(read):
    plan = read('[sweep]\nreplicas = 5\nsuccess = "nucleus"\nframework = "sgt"\n')
    assert (len(plan.settings), plan.axes, plan.replicas) == (1, (), 5)
    assert (dict(plan.settings[0].values), dict(plan.settings[0].by_key)) == ({}, {})
    assert (plan.success, plan.framework) == ("nucleus", "SGT")


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (["stage.npt.temperature_K"], ["temperature_K"]),
        (
            ["stage.1.temperature_K", "stage.2.temperature_K"],
            ["stage_1_temperature_K", "stage_2_temperature_K"],
        ),
        (["stage.2.temperature_K.2", "system.repeat.1"], ["temperature_K_2", "repeat_1"]),
        (["stage.*.timestep_fs"], ["timestep_fs"]),
        (["stage.*.time_ps"], ["stage_all_time_ps"]),  # every run has a column time_ps
        (["forcefield.T-S.sigma_A", "forcefield.S-S.sigma_A"], ["T_S_sigma_A", "S_S_sigma_A"]),
        (["forcefield.name", "system.framework"], ["forcefield_name", "system_framework"]),
        (["system.precursors.4-ring"], ["system_precursors_4_ring"]),  # no name begins with a digit
    ],
)
def test_a_name_that_is_not_given_is_the_keys_without_dots(keys, names):
    assert default_names(keys) == names


def test_signac_takes_the_names(read, tmp_path):
    import signac

    plan = read('[[sweep.axis]]\nkey = "forcefield.T-S.sigma_A"\nvalues = [4.9, 5.0]\n' + TEMPERATURES + SHARES)
    project = signac.init_project(str(tmp_path / "project"))
    jobs = {project.open_job({**setting.values, "replica": 1}).id for setting in plan.settings}
    assert len(jobs) == 12
    with pytest.raises(signac.errors.InvalidKeyError):  # and not the keys
        project.open_job({**plan.settings[0].by_key}).init()


FUNNEL = '[sweep.funnel]\ncriterion = "{}"\ntime_shares = [0.1, 0.3]\nkeep = [4, 2]\nrefine = "clayff"\n'


def test_a_funnels_framework_is_that_of_the_start_and_its_runs_measure_what_it_needs(read):
    axes = TEMPERATURES + '[[sweep.axis]]\nkey = "stage.npt.pressure_bar"\nvalues = [0, 10]\n'
    found = read(axes + FUNNEL.format("crystalline_share"), SEEDED + STAGES)
    assert (found.funnel.criterion, found.funnel.framework) == ("crystalline_share", "SGT")
    assert (found.funnel.time_shares, found.funnel.keep, found.funnel.refine) == ((0.1, 0.3), (4, 2), "clayff")
    assert found.ground.condition.output.measure == ("likeness:SGT",)
    assert read(axes, SEEDED + STAGES).ground.condition.output.measure == ()
    assert read(axes + FUNNEL.format("front_speed"), SLAB).funnel.criterion == "front_speed"
    melt = read(axes + FUNNEL.format("success") + 'framework = "sod"\n')
    assert (melt.funnel.framework, melt.framework) == ("SOD", "")
    same = read('[sweep]\nframework = "SOD"\n' + axes + FUNNEL.format("success"))
    assert same.funnel.framework == "SOD"


@pytest.mark.parametrize(
    ("table", "base"),
    [
        ("[sweep]\nreplicas = 2\n", MELT + STAGES),
        ('[sweep]\nsuccess = "nucleus"\nframework = "SGT"\n' + TEMPERATURES + SHARES, MELT + STAGES),
        (TEMPERATURES + '[[sweep.axis]]\nkey = "system.n_T"\nfrom = 100\nto = 900\nsteps = 3\n', MELT + STAGES),
        ('[[sweep.point]]\n"composition.S_per_T" = 0.07\n"forcefield.T-S.sigma_A" = 5\n', MELT + STAGES),
        (
            '[[sweep.axis]]\nkey = ["stage.1.timestep_fs", "stage.2.timestep_fs"]\nname = "step"\nfrom = 1\nto = 8\n'
            'steps = 4\nscale = "log"\n[[sweep.axis]]\nkey = "system.framework"\nvalues = ["SGT", "SOD"]\n',
            SEEDED + STAGES,
        ),
        (TEMPERATURES + SHARES + FUNNEL.format("success") + 'framework = "SGT"\n', MELT + STAGES),
        (TEMPERATURES, SEEDED + STAGES + "[output]\nreport = true\nbackmap = true\n"),
    ],
)
def test_what_is_written_out_means_the_same(again, table, base):
    one, other = again(table, base)
    assert other.table() == one.table()
    for part in ("axes", "settings", "is_product", "replicas", "success", "framework", "funnel", "output"):
        assert getattr(other, part) == getattr(one, part), part
    assert other.ground.content == one.ground.content


def test_every_default_is_written_out(read):
    assert read("[sweep]\nreplicas = 2\n").table() == {"replicas": 2, "success": "crystalline"}
    assert read(TEMPERATURES).table() == {
        "replicas": 1,
        "success": "crystalline",
        "axis": [{"key": "stage.npt.temperature_K", "name": "temperature_K", "values": [600.0, 640.0, 680.0]}],
    }


def test_runs_report_where_the_file_says_so(read):
    assert read(TEMPERATURES).output == {"backmap": False, "report": False}
    plan = read(TEMPERATURES, MELT + STAGES + "[output]\nreport = true\nbackmap = true\n")
    assert plan.output == {"backmap": True, "report": True}
    assert plan.ground.condition.output.report
    assert plan.ground.condition.output.backmap is True


def test_a_force_field_beside_the_file_is_found_from_elsewhere(again, tmp_path):
    from zeocryst.model.forcefield import forcefield_text, read_forcefield

    (tmp_path / "mine.toml").write_text(forcefield_text(read_forcefield("ts")))
    one, other = again('[[sweep.axis]]\nkey = "forcefield.name"\nvalues = ["ts", "mine.toml"]\n')
    assert other.axes == one.axes
    assert one.axes[0].values == ("ts", str((tmp_path / "mine.toml").resolve()))


# ---- what is refused ------------------------------------------------------------------------------

T = "stage.npt.temperature_K"


def axis(text, key=T):
    return f'[[sweep.axis]]\nkey = "{key}"\n{text}\n'


def point(**given):
    return "[[sweep.point]]\n" + "".join(f'"{key}" = {value}\n' for key, value in given.items())


MALFORMED = [
    # the whole
    ("[sweep]", r"sweep: expected something that is varied, \[\[sweep.axis\]\] or .* replicas of more than 1"),
    ("[sweep]\nreplicas = 0", r"sweep: replicas = 0; expected a whole number, at least 1"),
    ("[sweep]\nreplicas = 2.5", r"replicas = 2.5; expected a whole number"),
    ("[sweep]\nreplicas = true", r"replicas = True; expected a whole number"),
    ("[sweep]\nreplicas = 20000", r"replicas = 20000; expected .* at most 10000"),
    ("[sweep]\nreplica = 3", r"sweep: unknown key 'replica'; did you mean 'replicas'"),
    ('[sweep]\nreplicas = 2\nsuccess = "crystal"', r"success = 'crystal'; .*did you mean 'crystalline'"),
    ('[sweep]\nreplicas = 2\nframework = "SGTT"', r"framework = 'SGTT'; expected a known one; .*Near are STT, SGT"),
    ("[sweep]\nreplicas = 2\nframework = 5", r"framework = 5; expected text in quotes"),
    ("sweep = 5", r"sweep = 5; expected a table, begun with \[sweep\]"),
    ("[sweep]\naxis = []", r"axis = \[\]; expected at least one \[\[sweep.axis\]\]"),
    ("[sweep]\naxis = [5]", r"axis = \[5\]; expected a list of tables"),
    ("[sweep]\nreplicas = 2\npoint = []", r"point = \[\]; expected a list of tables, .* at least 1"),
    (TEMPERATURES + point(**{T: 600}), r"sweep: point = .*; expected either \[\[sweep.axis\]\] or \[\[sweep.point\]\]"),
    (
        axis("from = 500\nto = 700\nsteps = 1000") + axis("from = 0.01\nto = 0.2\nsteps = 101", "composition.S_per_T"),
        r"at most 100000 runs; these are 1000 of temperature_K x 101 of S_per_T x 1 replicas = 101,000",
    ),
    ("[sweep]\nreplicas = 10000\n" + axis("from = 500\nto = 700\nsteps = 11"), r"at most 100000 runs; .*110,000"),
    # keys
    ("[[sweep.axis]]\nvalues = [1]", r"axis 1: key is missing"),
    ("[[sweep.axis]]\nkey = 5\nvalues = [1]", r"axis 1: key = 5; expected text in quotes"),
    (axis("values = [1]", "stage.npt.tempreature_K"), r"axis 1: key = 'stage.npt.tempreature_K'; .*no such number"),
    (axis("values = [1]", "system.start"), r"key = 'system.start'; .*no text that can be varied"),
    (axis("values = [1]", "system.framework"), r"key = 'system.framework'; .*the condition has no such number"),
    (axis("values = [1]", "stage.1.temperature_K"), r"is a ramp, .*stage.1.temperature_K.1"),
    (axis("values = [1]", "seed"), r"key = 'seed'; expected no seed: replicas = N"),
    (axis("values = [1]", "engine.threads"), r"key = 'engine.threads'; expected something physical"),
    (axis('values = ["a"]', "name"), r"key = 'name'; expected something physical"),
    (axis("values = [1]", "forcefield.T-X.sigma_A"), r"no such entry of the force field ts"),
    (axis("values = [600]") + axis("values = [6]", "stage.2.temperature_K"), r"axis 2: key = .*; expected each thing once; stage.npt.temp"),
    (
        '[[sweep.axis]]\nkey = ["stage.npt.temperature_K", "system.n_T"]\nvalues = [600]',
        r"expected keys that are whole numbers together",
    ),
    (
        '[[sweep.axis]]\nkey = ["stage.npt.temperature_K", "stage.npt.coupling"]\nvalues = [600]',
        r"expected keys of numbers together, or of texts",
    ),
    # names
    (axis('name = "a.b"\nvalues = [600]'), r"axis 1: name = 'a.b'; expected letters, digits"),
    (axis('name = "T / K"\nvalues = [600]'), r"name = 'T / K'; expected letters, digits"),
    (axis('name = ""\nvalues = [600]'), r"name = ''; expected text in quotes"),
    (axis('name = "replica"\nvalues = [600]'), r"name = 'replica'; expected another name: .* column 'replica'"),
    (axis('name = "job"\nvalues = [600]'), r"name = 'job'; expected another name"),
    (axis('name = "S_per_T"\nvalues = [600]') + SHARES, r"axis 2: name is missing; .*'S_per_T' by default.*two axes are called 'S_per_T'"),
    # values
    (axis(""), r"axis 1: values is missing; expected a list of numbers, or from, to and steps"),
    (axis("values = []"), r"values = \[\]; expected a list of numbers, at least one"),
    (axis("values = 600"), r"values = 600; expected a list of numbers"),
    (axis('values = [600, "hot"]'), r"values = .*: value 2, 'hot', is no number"),
    (axis("values = [600, true]"), r"value 2, True, is no number"),
    (axis("values = [600, nan]"), r"value 2, nan, is no number below"),
    (axis("values = [600, [640]]"), r"value 2, \[640\], is no number"),
    (axis("values = [600, 640, 600.0]"), r"each value once; 600.0 is there twice"),
    (axis("values = [600, 600.0000000001]"), r"is there twice \(in 9 digits\)"),
    (axis("values = [600.5]", "system.n_T"), r"a list of whole numbers: value 1, 600.5, is no whole number, and none is rounded"),
    (axis("values = [5]", "stage.npt.coupling"), r"a list of texts: value 1, 5, is no text"),
    (axis('values = ["iso", "iso"]', "stage.npt.coupling"), r"each value once; 'iso' is there twice"),
    (axis("value = [600]"), r"axis 1: unknown key 'value'; did you mean 'values'"),
    (axis("values = [600, -5]"), r"point 2 of 2 \(temperature_K = -5.0\) cannot be run \(stage.npt.temperature_K = -5\): stage 2: temperature_K = .*each 0 or more"),
    (axis("values = [5.0, 77.0]", "forcefield.T-S.sigma_A"), r"point 2 of 2 \(T_S_sigma_A = 77.0\) .*sigma_A = 77.0; .*at most 50"),
    (axis('values = ["iso", "isso"]', "stage.npt.coupling"), r"point 2 of 2 \(coupling = 'isso'\) .*did you mean 'iso'"),
    (axis('values = ["ts", "tss"]', "forcefield.name"), r"point 2 of 2 \(forcefield_name = 'tss'\).*tss"),
    # ranges
    (axis("from = 600"), r"to is missing"),
    (axis("from = 600\nto = 700"), r"steps is missing; expected a whole number, at least 2"),
    (axis("from = 700\nto = 600\nsteps = 3"), r"to = 600; expected more than from = 700"),
    (axis("from = 600\nto = 700\nsteps = 1"), r"steps = 1; expected a whole number, at least 2"),
    (axis("from = 600\nto = 700\nsteps = 2.0"), r"steps = 2.0; expected a whole number"),
    (axis('from = 0\nto = 700\nsteps = 3\nscale = "log"'), r"from = 0; .*more than 0 where the scale is log"),
    (axis('from = 1\nto = 700\nsteps = 3\nscale = "lin"'), r"scale = 'lin'; .*linear"),
    (axis("from = 600\nto = 700\nsteps = 3\nvalues = [1]"), r"from = 600; expected none beside values"),
    (axis("from = 100\nto = 200\nsteps = 4", "system.n_T"), r"steps = 4; expected steps that lead to whole numbers; 133.333 is none"),
    (axis("from = 600\nto = 600.000001\nsteps = 90"), r"steps = 90; expected fewer"),
    (axis("from = 1\nto = 2\nsteps = 2", "stage.npt.coupling"), r"from = 1; expected no range: the key names a text"),
    # tables
    ("[[sweep.point]]", r"point 1: expected keys of the condition"),
    (point(**{T: 600}) + point(**{"stage.npt.pressure_bar": 1}), r"point 2: .*expected the same keys in each point"),
    (point(**{T: 600}) + point(**{T: 600.0}), r"point 2: expected each point once; it is the same as point 1"),
    (point(**{T: "[600, 640]"}), r"point 1: stage.npt.temperature_K = \[600, 640\]; expected a number in each point"),
    (point(**{"system.n_T": 10.5}), r"point 1: system.n_T = 10.5; expected a whole number in each point"),
    (point(**{"stage.npt.temp": 600}), r"point 1: stage.npt.temp = 600; .*no such number"),
    (point(**{T: 600, "stage.2.temperature_K": 600}), r"point 1: stage.2.temp.* expected each thing once"),
    (point(**{T: 600}) + "stage.npt.temperature_K = 640", r"each key once; .*in quotes and without"),
    (point(**{T: 600, "seed": 5}), r"point 1: seed = 5; expected no seed"),
    (point(**{T: 600}) + point(**{T: 0}), r"point 2 of 2 \(temperature_K = 0.0\) cannot be run"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "words"), MALFORMED)
def test_what_is_no_sweep_is_told_in_one_message_with_the_file(read, tmp_path, table, words):
    base = MELT + STAGES
    if table.startswith("sweep ="):
        table, base = base, f"{table}\n"
    with pytest.raises(InputError, match=words) as told:
        read(table, base)
    assert str(tmp_path / "study.toml") in str(told.value)
    assert "\n" not in str(told.value)
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ({"criterion": '"speed"'}, r"sweep.funnel: criterion = 'speed'; .*front_speed"),
        ({"criterion": None}, r"criterion is missing; expected one of front_speed, largest_grain"),
        ({"framework": '"SGTT"'}, r"framework = 'SGTT'; expected a known one"),
        ({"framework": None}, r"framework is missing; expected the code"),
        ({"time_shares": "[0.3, 0.1]"}, r"time_shares = \[0.3, 0.1\]; expected a list of numbers that grow"),
        ({"time_shares": "[0.1, 1.0]"}, r"time_shares = \[0.1, 1.0\]; .*less than 1"),
        ({"time_shares": "[0.0, 0.1]"}, r"time_shares = \[0.0, 0.1\]; "),
        ({"time_shares": "[]"}, r"time_shares = \[\]; "),
        ({"time_shares": "0.1"}, r"time_shares = 0.1; expected a list"),
        ({"time_shares": "[0.06, 0.1]"}, r"time_shares .*at least 0.1 in all: the last stage takes 100 ps"),
        (
            {"time_shares": "[0.01, 0.1]"},
            r"at least 0.05 in all: .* its first part has to be the longest stage",
        ),
        ({"keep": "[2, 4]"}, r"keep = \[2, 4\]; expected a list of whole numbers that fall"),
        ({"keep": "[4, 4]"}, r"keep = \[4, 4\]; expected a list of whole numbers that fall"),
        ({"keep": "[4, 0]"}, r"keep = \[4, 0\]; "),
        ({"keep": "[4.0, 2]"}, r"keep = \[4.0, 2\]; "),
        ({"keep": "[true]"}, r"keep = \[True\]; "),
        ({"keep": "[6, 2]"}, r"keep = \[6, 2\]; expected fewer than the 6 points"),
        ({"keep": "[4]"}, r"keep = \[4\]; expected a number for each of the 2 time_shares"),
        ({"refine": "5"}, r"refine = 5; expected text in quotes"),
        ({"refined": '"clayff"'}, r"unknown key 'refined'; did you mean 'refine'"),
        ({"criterion": '"front_speed"'}, r"front_speed' needs a slab of crystal"),
    ],
)
def test_what_is_no_funnel_is_told(read, lines, words):
    given = {
        "criterion": '"success"',
        "framework": '"SGT"',
        "time_shares": "[0.1, 0.3]",
        "keep": "[4, 2]",
    } | lines
    table = "".join(f"{key} = {value}\n" for key, value in given.items() if value is not None)
    with pytest.raises(InputError, match=words):
        read(TEMPERATURES + SHARES + "[sweep.funnel]\n" + table)


def test_a_funnel_counts_the_shortest_of_the_last_stages(read):
    times = axis("values = [90, 100, 200]", "stage.2.time_ps")
    funnel = '[sweep.funnel]\ncriterion = "success"\nframework = "SGT"\ntime_shares = [{}]\nkeep = [1]\n'
    assert read(times + funnel.format(0.12)).funnel.time_shares == (0.12,)
    with pytest.raises(InputError, match=r"at least 0.111 in all: the last stage takes 90 ps"):
        read(times + funnel.format(0.1))
    with pytest.raises(InputError, match=r"the last stage to be the longest"):
        read(TEMPERATURES + funnel.format(0.5), MELT + STAGES.replace("time_ps = 5", "time_ps = 500"))
    with pytest.raises(InputError, match=r"a last stage that takes time"):
        read(SHARES + funnel.format(0.5), MELT + STAGES + '[[stage]]\nkind = "minimize"\n')


def test_a_file_without_stages_or_without_the_table_is_told(read):
    with pytest.raises(InputError, match=r"no \[\[stage\]\]"):
        read("[sweep]\nreplicas = 2\n", MELT)
    with pytest.raises(InputError, match=r"something that is varied"):
        read("")


def test_a_key_of_thousands_of_parts_is_told(read):
    with pytest.raises(InputError, match=r"point 1: a.a.a"):
        read(f"[[sweep.point]]\n{'.'.join('a' * 3000)} = 1\n")


def test_a_combination_that_cannot_be_is_told_though_each_value_can(read):
    box = axis("values = [25, 200]", "system.n_T") + axis("values = [5, 10]", "stage.1.radius_A")
    seeded = STAGES.replace(
        "[[stage]]\n", '[[stage]]\nkind = "seed"\nframework = "SGT"\nradius_A = 5\n[[stage]]\n', 1
    )
    # 25 T at 17 per 1000 Å^3 are a box of 11.4 Å: a seed of 5 Å fits, one of 10 Å does not
    with pytest.raises(InputError, match=r"point 2 of 4 \(system_n_T = 25, radius_A = 10.0\) .*5.7 Å"):
        read(box, MELT.replace("n_S = 20", "n_S = 0") + seeded)


# ---- many points ----------------------------------------------------------------------------------


def test_of_many_points_the_ends_of_every_axis_and_all_its_values_are_looked_at(monkeypatch):
    monkeypatch.setattr(sweep_plan, "MOST_CHECKED", 400)
    axes = [Axis(name, (name,), tuple(range(size))) for name, size in (("a", 30), ("b", 20), ("c", 7))]
    points = list(itertools.product(*(axis.values for axis in axes)))
    looked = [points[n] for n in sweep_plan._looked_at(axes, len(points), True)]
    assert len(looked) < 600
    for k, one in enumerate(axes):
        for others in ((0, 0, 0), (29, 19, 6)):
            for value in one.values:
                assert (*others[:k], value, *others[k + 1 :]) in looked
    assert set(itertools.product((0, 29), (0, 19), (0, 6))) <= set(looked)
    rows = sweep_plan._looked_at(axes, 5000, False)
    assert (len(rows), rows[0], rows[-1]) == (400, 0, 4999)
    assert sweep_plan._looked_at(axes, 400, True) == list(range(400))


def test_an_impossible_value_among_many_points_is_told(read):
    many = axis("from = 600\nto = 700\nsteps = 100") + axis(
        "from = 0.01\nto = 0.2\nsteps = 99", "composition.S_per_T"
    )
    with pytest.raises(InputError, match=r"point \d+ of 19800 \(.*T_S_sigma_A = 77.0\)"):
        read(many + axis("values = [5.0, 77.0]", "forcefield.T-S.sigma_A"))


def test_a_point_is_checked_in_a_third_of_the_time_that_its_file_takes(read, tmp_path):
    """Of a processor: else 2000 points would take longer to open than anybody waits."""
    table = axis("from = 600\nto = 700\nsteps = 40") + axis(
        "from = 0.01\nto = 0.2\nsteps = 50", "composition.S_per_T"
    )
    read(TEMPERATURES)
    ratios = []
    for _ in range(3):
        start = time.process_time()
        assert len(read(table).settings) == 2000
        middle = time.process_time()
        for _ in range(40):
            read_study(tmp_path / "study.toml", TABLE, KEYS)
        end = time.process_time()
        ratios.append((middle - start) / 2000 / ((end - middle) / 40))
    assert min(ratios) < 1 / 3, ratios


def test_a_plan_that_was_checked_is_read_without(read):
    bad = axis("values = [600, -5]")
    assert len(read(bad, check=False).settings) == 2


def test_a_fuzzed_file_is_a_plan_or_one_message(read, fuzz):
    """Lines of good sweeps put together anew, with odd values: nothing but `InputError` is raised."""
    import random

    rng = random.Random(11)
    lines = sorted(
        {line for table, _ in MALFORMED for line in table.splitlines() if line}
        | set((TEMPERATURES + SHARES + FUNNEL.format("success")).splitlines())
    )
    good, told = 0, []
    for n in range(fuzz(150)):
        table = TEMPERATURES if n % 3 else "[sweep]\n"
        table += "\n".join(rng.choices(lines, k=rng.randint(0, 4))) + "\n"
        try:
            plan = read(table, check=n % 2 == 0)
        except InputError as error:
            told.append(str(error))
            continue
        good += 1
        assert plan.table()["replicas"] == plan.replicas
    assert good > 5
    assert all("study.toml" in message for message in told), told


def test_a_funnel_costs_its_preparation_once(tmp_path):
    """Of 105 ps 5 are preparation: 15 ps, then 20, then 70 of the last stage's 100."""
    from zeocryst.sweeps.cost import batches

    path = tmp_path / "study.toml"
    path.write_text(SEEDED + STAGES + MANY + FUNNEL.format("crystalline_share"))
    _, found = batches(path)
    assert [batch.runs for batch in found] == [5, 4, 2]
    times = [sum(stage.time_ps for stage in batch.condition.stages) for batch in found]
    assert times == pytest.approx([15, 20, 70])
