from carflow.qc.origin import Origin, hash_of_name, instrument_sha256, origin_of


def test_a_file_that_says_nothing_has_no_hash() -> None:
    assert origin_of({"$OP": " ", "CREATOR": "", "$FIL": ""}) == Origin()
    assert instrument_sha256({}) == ""


def test_no_name_out_of_a_file_is_kept() -> None:
    found = origin_of({"$OP": "Somebody", "CREATOR": "Acquire 1", "TUBE NAME": "P01", "$SRC": "P"})

    assert not {"Somebody", "Acquire 1", "P01", "P"} & {
        found.operator_sha256, found.software_sha256, *found.labels.values(),
    }  # fmt: skip
    assert set(found.labels) == {"TUBE NAME", "$SRC"}


def test_a_release_is_another_software_and_a_firmware_too() -> None:
    told = {"CREATOR": "Acquire 1.2", "FIRMWAREVERSION": "7"}
    hashes = {
        origin_of({**told, **change}).software_sha256
        for change in ({}, {"CREATOR": "Acquire 1.3"}, {"FIRMWAREVERSION": "8"})
    }

    assert len(hashes) == 3


def test_the_name_of_a_file_counts_without_its_ending() -> None:
    assert origin_of({"$FIL": "P01_d07.fcs"}).labels == {"$FIL": hash_of_name("P01-D07")}
