"""Codes of labels: a letter or a pair of letters for each, so that an answer costs one token a label.

The wording of a prompt and the reader of its answer take them from here, so that both mean the same.
"""

from string import ascii_uppercase

from batchscope.config.task import Task

PAIRS = """
    AA AB AC AE AF AG AK AL AP AR AU AV AW AY BA BB BC BD BF BG BH BI BL BM BN BO BP BR BS BT BU BV CA
    CB CC CD CE CF CG CH CI CL CM CN CO CP CR CS CT CU CV CY DA DB DC DD DE DF DH DI DL DM DN DP DR DS
    DT EA EC ED EE EF EG EL EM EN EP ER ES ET EU EV EW FA FC FD FE FF FI FL FM FN FO FP FR FS FT FW GA
    GB GC GD GE GF GG GH GI GL GM GN GP GR GS GT GW GY HC HD HF HL HP HR HS HT HV IA IB IC IE IG IH IK
    IL IM IO IP IR IU IZ JC JD JO JS JV KA KB KD KE KG KK KN KS LA LC LD LE LG LI LL LM LP LR LS LT LU
    LV LY MB MC MD MH ML MM MN MO MP MT MW NA NB NC ND NE NF NG NH NI NL NM NN NP NR NS NT NV NW NY OA
    OB OC OD OG OL OM OO OP OT PA PD PE PF PG PH PI PK PL PM PN PO PP PR PS PT PU PV PY QA QL QR QU RA
    RB RC RD RF RG RH RI RL RM RN RO RP RR RS RT RU RY SA SB SC SD SE SF SH SI SK SL SM SN SP SR SS ST
    SU SV SW SY TA TB TC TE TF TH TI TL TM TP TR TS TT TW TX TY UB UC UD UE UG UI UL UM UN UR UT UV UX
    VA VC VD VE VI VM VO VR VS VT WA WC WD WG WH WM WP WR WS WT WW XR XY YC YP YS YY ZE ZZ
""".split()  # noqa: SIM905, a list of 326 texts is no easier to read
"""Pairs of letters that are one token each in the vocabularies of Llama 3 and SmolLM2, without those that are
words. Numbers would not do: many tokenizers split them into digits."""


def codes_of(task: Task) -> dict[str, str]:
    """The code of each label by the label's name, in the task's order.

    A, B, C and so on for up to 26 labels; then pairs of letters; numbers where these do not suffice.
    """
    names = task.names
    for codes in (ascii_uppercase, PAIRS):
        if len(names) <= len(codes):
            return dict(zip(names, codes, strict=False))
    return {name: str(number) for number, name in enumerate(names, 1)}


def kind_of_code(task: Task) -> str:
    """What a code is called in a prompt: ``letter``, ``code`` or ``number``."""
    first = next(iter(codes_of(task).values()))
    if first.isdecimal():
        return "number"
    return "letter" if len(first) == 1 else "code"
