"""probe.py - the contract a Python rule is written against: probe.h for CPython 2.7 and 3.6 onwards.

A rule is one Python file:

    import probe

    @probe.main
    def rule():
        numpy = probe.module("numpy")
        block = numpy.zeros(1000)
        probe.check(not block.any(), "numpy.zeros(1000) holds a number other than zero")

and a program of its own:

    cc -std=c11 -O2 -fPIC -shared -Ic-shims c-shims/*.c -o libprobe.so -pthread
    ALLOCHECK_PROBE_LIBRARY=./libprobe.so PYTHONPATH=c-shims/python python -s RULE.py

(twice: the first run compiles the modules that it imports, and that moves the heap). The report is the one of probe.h,
and its C runtime writes it; `lacking` names a module that the interpreter does not have.
"""
import os
import sys

STATUS_DONE, STATUS_VIOLATED, STATUS_NOT_ASKED = 0, 1, 3


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")


# ---- The C runtime -------------------------------------------------------------------------------------------------


def _cannot_start(text):
    """The one line that has to go out without the C runtime."""
    os.write(int(os.environ.get("ALLOCHECK_REPORT", 1)), _bytes("unobservable %s\n" % text))
    os._exit(STATUS_NOT_ASKED)


_path = os.environ.get("ALLOCHECK_PROBE_LIBRARY")
if not _path:
    _cannot_start("ALLOCHECK_PROBE_LIBRARY does not name the C runtime of the probe")
try:
    import ctypes

    _library = ctypes.CDLL(_path)
except (ImportError, OSError) as error:
    _cannot_start("the C runtime of the probe does not load: %s" % error)


class Pages(ctypes.Structure):
    """struct pages"""

    _fields_ = [
        (fate, ctypes.c_size_t) for fate in ("total", "unmapped", "decommitted", "lazy", "resident", "unknown")
    ]


_library.probe_report.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
_library.probe_measure.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
_library.page_size.restype = ctypes.c_size_t
_library.witness_pages.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_library.witness_pages.restype = Pages
_library.fate_word.argtypes = [Pages]
_library.fate_word.restype = ctypes.c_char_p

# The process' own: a preloaded allocator's, if there is one.
_malloc = ctypes.CDLL(None if os.name == "posix" else "ucrtbase").malloc
_malloc.argtypes = [ctypes.c_size_t]
_malloc.restype = ctypes.c_void_p
_library.probe_variant.restype = ctypes.c_char_p

# ---- The probe and its report --------------------------------------------------------------------------------------


def main(body):
    """Runs the rule it decorates; returning from it is `done`."""
    _library.probe_begin()
    body()
    _end("done", None, STATUS_DONE)


def _end(kind, text, status):
    _library.probe_report(_bytes(kind), text if text is None else _bytes(text))
    os._exit(status)


def check(condition, text):
    """A promise. A false condition ends the probe: `violated` with the text."""
    if not condition:
        _end("violated", text, STATUS_VIOLATED)


def unobservable(text):
    """Ends the probe: the question cannot be asked on this machine."""
    _end("unobservable", text, STATUS_NOT_ASKED)


def lacking(name, why):
    """Ends the probe: what is asked about is not there."""
    _library.probe_lacking(_bytes(name), _bytes(why))


def fact(name, word):
    """A closed word; None is left out. Names and words are lower case, no spaces."""
    if word is not None and not _is_copy:
        _library.probe_fact(_bytes(name), _bytes(word))


def measure(name, number):
    """A number, bytes where the name says nothing else."""
    if not _is_copy:
        _library.probe_measure(_bytes(name), number)


def stage(word):
    """How far the probe came, reported before a step that may kill it."""
    _library.probe_stage(_bytes(word))


def tick():
    """Says that the probe is alive, at most a few times a second."""
    _library.probe_tick()


def variant():
    """The cell's variant, "" if it has none."""
    return _library.probe_variant().decode("utf-8")


def word(name):
    """The word behind `name=` in the variant, "" if it is not there."""
    return dict(part.partition("=")[::2] for part in variant().split()).get(name, "")


# ---- Settings that are read at the start of a process --------------------------------------------------------------


def restart_with(**settings):
    """Begins the rule anew in this process with these environment variables, unless they are set already; an empty one
    is left alone. Comes before `probe.main`: the way to report is closed on exec once it was used. Where the interpreter
    does not read or does not take them the probe ends: the fact `setting` is `ignored`, or `refused`, for which the
    interpreter has given its reason."""
    settings = dict((name, value) for name, value in settings.items() if value)
    if "PYTHONMALLOC" in settings and sys.version_info < (3, 6):
        _end_with_setting("ignored")
    if all(os.environ.get(name) == value for name, value in settings.items()):
        return
    environment = dict(os.environ, **settings)
    if call_python(["-c", ""], environment) != 0:
        _end_with_setting("refused")
    if os.name == "posix":
        os.execve(sys.executable, _python() + sys.argv, environment)
    # Elsewhere that would be a process of its own, and this one's end the end of the probe.
    os._exit(call_python(sys.argv, environment))


def _python():
    """The command of this interpreter as it was started."""
    return [sys.executable] + ["-S"] * sys.flags.no_site + ["-s"] * sys.flags.no_user_site


def call_python(arguments, environment):
    """The exit status of this interpreter in a process of its own."""
    if os.name == "posix":
        return os.spawnve(os.P_WAIT, sys.executable, _python() + arguments, environment)
    import subprocess  # which quotes them as Windows has it

    return subprocess.call(_python() + arguments, env=environment)


def _end_with_setting(outcome):
    fact("setting", outcome)
    _end("done", None, STATUS_DONE)


# ---- A copy of the process for each variant -------------------------------------------------------------------------


def fork_here():
    """Everything before it is done once, everything after it in a copy of this process for each variant: probe_fork_here
    of probe.h. In C, and with the GIL held: between two copies the interpreter does nothing, so that each starts from the
    same heap."""
    ctypes.PyDLL(_path).probe_fork_here()


# ---- Modules -------------------------------------------------------------------------------------------------------


def module(name):
    """Imports what the rule needs. Ends the probe where that fails, or where a module had to be compiled for it:
    compiling moves the heap, so the figures would not be those of the next run."""
    compiled = _watch_compiler()
    try:
        __import__(name)
    except Exception as error:
        if str(error).replace("'", "") == "No module named " + name:
            lacking(name, "not importable")
        cause = getattr(error, "__cause__", None) or error
        unobservable("%s fails to import: %s" % (name, " ".join(str(cause).split())))
    if compiled():
        unobservable("importing %s compiled %s, which moves the heap" % (name, os.path.basename(compiled()[0])))
    return sys.modules[name]


def _files_of_modules():
    return set(getattr(module, "__file__", None) or "" for module in sys.modules.values())


def _watch_compiler():
    """A function that lists the modules compiled since."""
    if sys.version_info[0] == 2:
        before = _files_of_modules()
        # A module that came from its .pyc has that as its __file__.
        return lambda: sorted(path for path in _files_of_modules() - before if path.endswith(".py"))
    from importlib.machinery import SourceFileLoader

    compiled = []
    compile_source = SourceFileLoader.source_to_code

    def noted(loader, data, path, *rest, **options):
        compiled.append(path)
        return compile_source(loader, data, path, *rest, **options)

    SourceFileLoader.source_to_code = noted
    return lambda: compiled


# ---- Who got a block back ------------------------------------------------------------------------------------------


_TRIES = range(256)  # on Python 2 a list, which would take the block if it were made after the release


def malloc_hands_out(address, size):
    """Does malloc hand out the block of this size at this address, just released? Then its release reached free()."""
    return any(_malloc(size) == address for _ in _TRIES)


# ---- Page fate -----------------------------------------------------------------------------------------------------


def page_size():
    return _library.page_size()


def witness_begin():
    """First line of a rule that asks for page fate: runs the controls, and ends the probe if they fail."""
    _library.witness_begin()


def witness_pages(address, size):
    """Page fate of [address, address + size)."""
    return _library.witness_pages(address, size)


def fate_word(pages):
    """unmapped, decommitted, lazy, resident, unknown, returned or partly"""
    return _library.fate_word(pages).decode("ascii")


def pages_returned(pages):
    return pages.unmapped + pages.decommitted + pages.lazy


def pages_after_deletion(make, extent, size):
    """Page fate of what make(size), an object with every page written, held in memory: extent(object) is address and
    length."""
    block = make(size)
    address, length = extent(block)
    _library.witness_settle()
    del block
    return witness_pages(address, length)


# ---- A question each to copies of the process ----------------------------------------------------------------------


ANSWER = 64  # added to an answer, so that no other end of a process looks like one


def in_child(step, argument):
    """step(argument), a number from 0 to 63, in a copy of this process: what earlier questions did to the heap does not
    count."""
    tick()
    status = _forked(step, argument) if hasattr(os, "fork") else _started_anew(step, argument)
    answer = status - ANSWER
    check(0 <= answer < 64, "the copy asked for %d ended with status %d" % (argument, status))
    return answer


def _forked(step, argument):
    child = os.fork()
    if child == 0:
        try:
            os._exit(ANSWER + step(argument))
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(STATUS_VIOLATED)
    status = os.waitpid(child, 0)[1]
    return status >> 8 if status & 0xFF == 0 else -status


# Where there is no fork a copy is the rule started anew. It is given the answers so far, so that it comes to the same
# question, and reports nothing but why it cannot ask.
_COPY = "ALLOCHECK_ANSWERS"
_is_copy = _COPY in os.environ
_given = [int(word) for word in os.environ.get(_COPY, "").split(",")[1:]]
_answered = []


def _started_anew(step, argument):
    if _given:
        return _given.pop(0)
    if _is_copy:
        os._exit(ANSWER + step(argument))
    import subprocess

    answers = ",".join(["answers"] + _answered)
    command = _python() + sys.argv
    copy = subprocess.Popen(command, env=dict(os.environ, **{_COPY: answers}), stdout=subprocess.PIPE)
    said = copy.communicate()[0]
    if copy.returncode in (STATUS_VIOLATED, STATUS_NOT_ASKED):
        os.write(1, said)
        os._exit(copy.returncode)
    _answered.append(str(copy.returncode))
    return copy.returncode


LARGEST = 64 << 20
ALL_RETURNED = ("unmapped", "decommitted", "lazy", "returned")
FATES = ALL_RETURNED + ("partly", "resident", "unknown")


def fate_after_deletion(make, extent, size):
    """In a copy of this process; ends the probe where the fate cannot be told."""
    fate = FATES[in_child(lambda n: FATES.index(fate_word(pages_after_deletion(make, extent, n))), size)]
    if fate == "unknown":
        unobservable("nothing here tells whether the pages of %d bytes went" % size)
    return fate


def smallest_returned(make, extent, largest=LARGEST):
    """The smallest size, up to largest, from which on deletion gives all pages back; None if there is none."""

    def goes(size):
        return fate_after_deletion(make, extent, size) in ALL_RETURNED

    size = 1
    while not goes(size):
        size *= 2
        if size > largest:
            return None
    kept = size // 2
    while size - kept > 1:
        middle = (kept + size) // 2
        if goes(middle):
            size = middle
        else:
            kept = middle
    return size


def report_threshold(make, extent, name="bytes", largest=LARGEST):
    """A measure and the fact `fate` of smallest_returned, which is the result; or fact `threshold`, why there is no such
    size: none, not-monotone."""
    size = smallest_returned(make, extent, largest)
    if size is None:
        return fact("threshold", "none")
    steps = list(range(1, 9)) + [page_size() * count for count in range(1, 25)]
    below = [size - step for step in steps if step < size]
    above = [size + step for step in steps] + [1 << bit for bit in range(size.bit_length(), largest.bit_length())]
    for other in below + above:
        if (fate_after_deletion(make, extent, other) in ALL_RETURNED) != (other > size):
            return fact("threshold", "not-monotone")
    measure(name, size)
    fact("fate", fate_after_deletion(make, extent, size))
    return size
