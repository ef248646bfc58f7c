"""A study made of bare FCS files, for checks that need no sample sheet.

What a sheet would tell is unknown here: there is one made-up subject for each file, so that
checks over a course find nothing to compare, and never a guess from a file name.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from carflow.errors import Problems, SheetError
from carflow.study.model import SampleType, Study, Tube

if TYPE_CHECKING:
    from collections.abc import Sequence


def study_of_files(files: Sequence[Path]) -> Study:
    """Return a study with one tube for each file, in the order given.

    A tube's sample id is its file's name without ending.

    Raises
    ------
    Problems
        If two files would have the same sample id; all of them are named.

    Examples
    --------
    >>> study = study_of_files([Path("run/a.fcs"), Path("run/b.fcs")])
    >>> [tube.sample_id for tube in study.tubes]
    ['a', 'b']
    """
    seen: dict[str, Path] = {}
    problems = []
    for file in files:
        if file.stem in seen:
            problems.append(
                SheetError(
                    f'has the same name as {seen[file.stem]}: both would be sample "{file.stem}"',
                    hint="write a sample sheet that gives each its own sample_id",
                ).at(str(file))
            )
        seen.setdefault(file.stem, file)
    if problems:
        raise Problems("files", problems)
    tubes = tuple(
        Tube(
            sample_id=file.stem,
            subject_id=f"file {position}",
            day=0.0,
            sample_type=SampleType.HEALTHY,
            path=file,
            row=position,
        )
        for position, file in enumerate(files, start=1)
    )
    return Study(root=Path(), tubes=tubes)
