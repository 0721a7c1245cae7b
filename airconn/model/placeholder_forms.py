"""The forms of placeholders: texts that other tools, and people, write where a secret belongs.

This is all that airconn knows about them. `model/placeholder_search.py` finds them in texts, and
`model/placeholders.py` in objects. `***` isn't among them: it is Airflow's own mask, and a hidden value in the model
(`model/redacted.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from airconn.model import reference_forms


class PlaceholderType(str, Enum):
    """The type of a placeholder."""

    MASK = "mask"
    REFERENCE = "reference"
    CIPHERTEXT = "ciphertext"
    TEMPLATE = "template"
    SAMPLE = "sample"
    """A text to be filled in, such as `CHANGEME`, which may be the value on a laptop."""


class Reach(Enum):
    """The places in which a text of a form is taken for a placeholder."""

    PASSWORDS = "passwords"
    """Only where nothing but a secret belongs: the password and the whole value of a connection. Elsewhere it is
    everyday, such as the ARN of a secret in a variable."""
    SECRETS = "secrets"
    """Each place of a secret."""
    ANYWHERE = "anywhere"
    """Every field: the text can't be anything else."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form of placeholders. Of templates, several in a row are one placeholder."""

    type: PlaceholderType
    what: str
    """What such a text is, in words that follow 'is'."""
    pattern: str
    """A regular expression for the whole text, which needs linear time."""
    signs: tuple[str, ...]
    """Texts in small letters, one of which is in each text of the form, so that others are passed over quickly."""
    examples: tuple[str, ...]
    reach: Reach = Reach.SECRETS
    way_out: str = ""
    """How to get the value, if this tool has a way of its own."""
    any_case: bool = False
    is_long: bool = False
    """Whether a text may be longer than `LONGEST`."""


LONGEST = 2000
"""The most characters of a placeholder of most forms."""

_MASK, _REFERENCE = PlaceholderType.MASK, PlaceholderType.REFERENCE
_CIPHERTEXT, _TEMPLATE, _SAMPLE = PlaceholderType.CIPHERTEXT, PlaceholderType.TEMPLATE, PlaceholderType.SAMPLE
_PASSWORDS, _ANYWHERE = Reach.PASSWORDS, Reach.ANYWHERE

_OTHERS = "a mask of another tool"
_HIDING_WORDS = (
    "hidden", "redacted", "masked", "filtered", "sensitive", "concealed", "omitted", "removed", "scrubbed",
    "obfuscated", "obscured", "sanitized",
)  # fmt: skip
_BULLETS = "•●∙·⬤▪■█◼⏺○◦✱"
_HIDING = "|".join(_HIDING_WORDS)
_NAMED = r"(?:[\s:_-]+[\w.:'\" -]{0,60})?"
"""What a mask may say about the value that it hides, as in `[REDACTED:API_KEY]`."""
_SECRET_WORD = r"(?:passwor[dt]|passwd|pwd|secret|token|key|credentials?|value|here)"  # noqa: S105 - no password

# The first form of which a text is decides. The order of the types: what is more certain comes first.
FORMS: tuple[Form, ...] = (
    # Masks. Terminals, web pages and logs of most tools; Airflow's own command writes `< hidden >` for its settings.
    Form(_MASK, _OTHERS, r"\*{4,}|(?:\\\*){3,}", ("****", "\\*"), ("****", "********", r"\*\*\*"), _ANYWHERE),
    Form(
        _MASK, _OTHERS, rf"[{_BULLETS}]{{3,}}|…", (*_BULLETS, "…"), ("•••", "••••••••", "●●●●", "…"), _ANYWHERE
    ),
    Form(
        _MASK, _OTHERS, rf"<\s?(?:(?:{_HIDING}){_NAMED}|secret)\s?>", (*_HIDING_WORDS, "<secret", "< secret"),
        ("<hidden>", "<REDACTED>", "<masked>", "<sensitive>", "<secret>", "< hidden >", "<redacted: password>"),
        _ANYWHERE, any_case=True,
    ),
    Form(
        _MASK, _OTHERS, rf"\[(?:hidden|redacted){_NAMED}\]", ("hidden", "redacted"),
        ("[hidden]", "[REDACTED]", "[REDACTED:API_KEY]"), _ANYWHERE, any_case=True,
    ),
    Form(
        _MASK, _OTHERS, r"#\s*secret\b.*", ("secret",), ("# secret", "# secret, use --include-secrets"), _ANYWHERE,
        any_case=True,
    ),
    Form(
        _MASK, "a mask of Kubernetes", r"<set to the key [^<>]{1,300}>", ("<set to the key",),
        ("<set to the key 'password' in secret 'db'>",), _ANYWHERE,
    ),
    Form(
        _MASK, "a mask of AWS", r"HIDDEN_DUE_TO_SECURITY_REASONS", ("hidden_due_to",),
        ("HIDDEN_DUE_TO_SECURITY_REASONS",), _ANYWHERE,
    ),
    Form(
        _MASK, "a mask of Ansible", r"VALUE_SPECIFIED_IN_NO_LOG_PARAMETER|\$encrypted\$",
        ("value_specified_in", "$encrypted$"), ("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "$encrypted$"), _ANYWHERE,
    ),
    Form(
        _MASK, "a mask of Terraform", r"\((?:sensitive(?: value)?|known after apply)\)", ("(sensitive", "(known"),
        ("(sensitive value)", "(sensitive)", "(known after apply)"), any_case=True,
    ),
    Form(
        _MASK, _OTHERS,
        rf"\[(?:{_HIDING}|secret|secured?|protected|encrypted)\]|\((?:{_HIDING})\)|\{{(?:{_HIDING})\}}",
        (*_HIDING_WORDS, "[secret", "[secure", "[protected", "[encrypted"),
        ("[FILTERED]", "[Filtered]", "[MASKED]", "[secure]", "[secret]", "(hidden)", "{redacted}"), any_case=True,
    ),
    Form(
        _MASK, _OTHERS,
        r"[\W_]{0,8}redacted[\W_]{0,8}|[*_%~=#-]{1,8}\s?(?:hidden|masked|sensitive|filtered)\s?[*_%~=#-]{1,8}"
        rf"|redacted[_ -]{_SECRET_WORD}",
        _HIDING_WORDS,
        ("REDACTED", "__redacted__", "%REDACTED%", "-- redacted --", "***REDACTED***", "** hidden **"), any_case=True,
    ),
    Form(
        _MASK, _OTHERS, r"x{5,}|(?:x{3,}[-_. ]){1,8}x{3,}|\+{6,}|#{5,}|\.{3,}", ("xxx", "++++++", "#####", "..."),
        ("xxxxx", "XXXXXXXX", "xxxx-xxxx-xxxx", "++++++++", "#####", "..."), any_case=True,
    ),
    Form(
        _MASK, "a partly masked text", r"\*{6,}\w{1,4}|\w{1,8}[*•]{6,}\w{0,4}"
        r"|(?:sk|pk|rk|gh[pousr]|xox[a-z]|glpat|dapi|AKIA|AIza|SG|hvs)[-_.]?(?:live_|test_|proj-)?[xX]{6,}",
        ("******", "••••••", "xxxxxx"), ("****************ABCD", "AKIA****************", "sk-xxxxxxxxxxxxxxxx"),
    ),
    # References. The tools that resolve them find them under these addresses.
    Form(_REFERENCE, "a reference to 1Password", reference_forms.OP, ("op://",),
         ("op://prod/db/password", "op://My Vault/db/one-time password?attribute=otp"),
         way_out="use --resolve op", any_case=True),
    Form(_REFERENCE, "a reference to a value elsewhere", reference_forms.REF, ("ref:",),
         ("ref:vault:///secret/connections/db#password", "ref:@prod#connections/db.password"),
         way_out="use --resolve ref"),
    Form(
        _REFERENCE, "a reference to the value of another object or field", r"ref:#(?:connections|variables|pools)/.*",
        ("ref:#",), ("ref:#connections/db.password", "ref:#variables/api key"),
        way_out="write the value, or ref:# with its own id and field, which --fill fills",
    ),
    Form(_REFERENCE, "a reference to an environment variable", reference_forms.ENV, ("env:",), ("env:DB_PASSWORD",),
         _PASSWORDS, "use --resolve env"),
    Form(_REFERENCE, "a reference to a file", reference_forms.FILE, ("file:",), ("file:/run/secrets/db",), _PASSWORDS,
         "use --resolve file"),
    Form(
        _REFERENCE, "a reference that vals resolves", r"(?:secret)?ref\+[\w-]+://\S+", ("ref+",),
        ("ref+vault://secret/db#/password", "secretref+awssecrets://db/password"),
        way_out="resolve it first, as 'vals eval' does", any_case=True,
    ),
    Form(
        _REFERENCE, "a reference to Vault", r"(?:>>)?vault:(?!v\d+:|//)[\w.-]*/[\w./-]+(?:#\S+)?", ("vault:",),
        ("vault:secret/data/db#PASSWORD", ">>vault:secret/data/db#PASSWORD"),
        way_out="resolve it first, or import from vault://", any_case=True,
    ),
    Form(
        _REFERENCE, "a reference to AWS Secrets Manager",
        r"(?:aws-?(?:sm|secrets?-?manager|secret)|secretsmanager)://\S+|aws-?sm:\S+"
        r"|\{\{resolve:(?:secretsmanager|ssm|ssm-secure):[^{}]+\}\}",
        ("aws-s", "awss", "secretsmanager:", "{{resolve:"),
        ("aws-sm://prod/db", "aws-sm:prod/db", "{{resolve:secretsmanager:db:SecretString}}"),
        any_case=True,
    ),
    Form(
        _REFERENCE, "the ARN of a secret",
        r"arn:aws[\w-]{0,12}:(?:secretsmanager:[a-z]{2}(?:-[a-z]+)+-\d+:\d{12}:secret:\S+"
        r"|ssm:[a-z]{2}(?:-[a-z]+)+-\d+:\d{12}:parameter/\S+)",
        ("arn:aws",), ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",), _PASSWORDS,
    ),
    Form(
        _REFERENCE, "a reference to AWS Systems Manager", r"(?:aws-?)?ssm://\S+|aws-?ssm:\S+|ssm:/\w[\w./-]*",
        ("ssm:",), ("aws-ssm://prod/db", "ssm:/prod/db/password"), any_case=True,
    ),
    Form(
        _REFERENCE, "a reference to Azure Key Vault",
        r"(?:akv|azkv|azurekv|keyvault|kv)://\S+|akv:\S+|@Microsoft\.KeyVault\(.+\)", ("kv:", "keyvault"),
        ("akv://kv/db", "keyvault://kv/db", "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/db)"),
        any_case=True,
    ),
    Form(
        _REFERENCE, "the address of a secret in Azure Key Vault",
        r"https://[\w-]+\.vault\.azure\.net/secrets/[\w-]+(?:/\w*)?", (".vault.azure.net/",),
        ("https://kv.vault.azure.net/secrets/db",), _PASSWORDS, any_case=True,
    ),
    Form(
        _REFERENCE, "a reference to Google Secret Manager",
        r"(?:(?:gcp-?)?sm|gsm|gcp-?secrets?(?:-?manager)?|berglas)://\S+",
        ("sm://", "gcp-secret", "gcpsecret", "berglas:"),
        ("sm://project/db", "gcp-sm://project/db", "gsm://project/db", "berglas://bucket/db"), any_case=True,
    ),
    Form(
        _REFERENCE, "the name of a secret in Google Secret Manager",
        r"(?:sm://)?projects/[^/\s]+/secrets/[^/\s]+(?:/versions/\S+)?", ("/secrets/",),
        ("projects/p/secrets/db/versions/latest", "projects/1234/secrets/db"), _PASSWORDS,
    ),
    Form(
        _REFERENCE, "a reference to Databricks secrets", r"\{\{\s?secrets/[^{}/]+/[^{}/]+\}\}", ("{{",),
        ("{{secrets/scope/key}}",),
    ),
    Form(
        _REFERENCE, "a reference to a secret",
        r"(?:bws?|keeper|doppler|infisical|akeyless|conjur|lastpass|lpass|keepass(?:xc)?|gopass|pass|keyring|keychain"
        r"|hashivault|chamber|k8s|secrets?)://\S+"
        r"|(?:bws|doppler|infisical|chamber|conjur|keyring|credentialsJSON):[\w./-]{2,}|!var\S* \S+",
        ("bw://", "bws:", "keeper:", "doppler:", "infisical:", "akeyless:", "conjur:", "pass:", "keepassxc:",
         "keyring:", "keychain:", "hashivault:", "chamber:", "k8s:", "secret:", "secrets:", "!var",
         "credentialsjson:"),
        ("bws://0aa1", "keeper://uid/field/password", "doppler://prod/DB", "infisical://prod/DB", "chamber:prod/db",
         "keyring:airflow/db"),
        any_case=True,
    ),
    Form(
        _REFERENCE, "a reference to a secret", r"pass:[\w.-]+(?:/[\w.-]+)+", ("pass:",),
        ("pass:prod/db/password",), _PASSWORDS,
    ),
    # Ciphertext.
    Form(
        _CIPHERTEXT, "encrypted by sops", r"ENC\[AES256_GCM,.+\]", ("enc[",),
        ("ENC[AES256_GCM,data:p673w==,iv:YY=,tag:A==,type:str]",), _ANYWHERE,
        "decrypt the file first, as 'sops decrypt' does", is_long=True,
    ),
    Form(
        _CIPHERTEXT, "encrypted by Ansible", r"\$ANSIBLE_VAULT;.+", ("$ansible_vault;",),
        ("$ANSIBLE_VAULT;1.1;AES256\n6231\n6432",), _ANYWHERE,
        "decrypt the file first, as 'ansible-vault decrypt' does", is_long=True,
    ),
    Form(
        _CIPHERTEXT, "encrypted by dotenvx", r"encrypted:[A-Za-z0-9+/=_-]{20,}", ("encrypted:",),
        ("encrypted:BKx0aXyzBKx0aXyzBKx0aXyz",), way_out="decrypt the file first, as 'dotenvx decrypt' does",
        is_long=True,
    ),
    Form(
        _CIPHERTEXT, "encrypted", r"ENC\[.+\]|ENC\([A-Za-z0-9+/=_-]{16,}\)|EJ\[\d:[A-Za-z0-9+/=:]{20,}\]"
        r"|!\[[A-Za-z0-9+/=]{16,}\]", ("enc[", "enc(", "ej[", "!["),
        ("ENC[PKCS7,MIIBeQYJ]", "ENC(G6N718UuyPE5bHyWKyuLQSm02auQPUtm)"), is_long=True,
    ),
    Form(
        _CIPHERTEXT, "encrypted", r"\{(?:cipher|AES\d{0,3})\}[A-Za-z0-9+/=_-]{16,}|\{AQAA[A-Za-z0-9+/=]{20,}\}",
        ("{cipher", "{aes", "{aqaa"), ("{cipher}682bc583f4641835fa2db009355293665d2647dade3375c0ee201de2a49f7bda",),
        is_long=True,
    ),
    Form(
        _CIPHERTEXT, "encrypted by Vault", r"vault:v\d+:[A-Za-z0-9+/=]{16,}", ("vault:v",),
        ("vault:v1:8SDd3WHDOjf7mq69",),
        is_long=True,
    ),
    Form(
        _CIPHERTEXT, "encrypted", r"-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----.+",
        ("-----begin age", "-----begin pgp"),
        ("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----",
         "-----BEGIN PGP MESSAGE-----\n\nhQ\n-----END PGP MESSAGE-----"), is_long=True,
    ),
    # A token of Fernet, as Airflow's database holds it: at least 73 bytes, of which the first 5 never change.
    Form(
        _CIPHERTEXT, "encrypted with a Fernet key", r"gAAAAA[\w-]{92,}={0,2}", ("gaaaaa",),
        ("gAAAAABmZ2Vx" + "aB3_-xY9" * 11 + "==",),
        way_out="decrypt it first, or import from metadb:, which uses Airflow's Fernet keys", is_long=True,
    ),
    # AWS KMS, Google KMS, SealedSecrets, `openssl enc`, Laravel and Rails.
    Form(
        _CIPHERTEXT, "encrypted",
        r"(?:AQ(?:ICA|ECA)H|CiQA)[A-Za-z0-9+/]{80,}={0,2}|AgB[A-Za-z0-9+/]{340,}={0,2}"
        r"|U2FsdGVkX1[A-Za-z0-9+/]{20,}={0,2}|eyJpdiI6[A-Za-z0-9+/]{40,}={0,2}",
        ("aqicah", "aqecah", "ciqa", "agb", "u2fsdgvkx1", "eyjpdii6"),
        ("AQICAH" + "h6bXlLZXk" * 10, "AgB" + "y3xKpQ7z" * 45, "U2FsdGVkX1" + "9vZ3d1c0Bh" * 3), is_long=True,
    ),
    # Templates.
    Form(
        _TEMPLATE, "a template of GitHub Actions", r"\$\{\{(?:(?!\}\}).)+\}\}", ("${{",),
        ("${{ secrets.DB_PASSWORD }}",),
    ),
    Form(
        _TEMPLATE, "a template", r"\{\{(?:(?!\}\}).)+\}\}|\{%(?:(?!%\}).)+%\}", ("{{", "{%"),
        ("{{ db_password }}", "{{a}}{{b}}", "{{- .Values.password | quote -}}", "{% if a %}"),
    ),
    Form(
        _TEMPLATE, "a reference to a variable", r"\$\{(?:[^{}]|\{[^{}]*\})+\}|\$env:\w+", ("$",),
        ("${DB_PW}", "${A}-${B}", "${DB_PW:-x}", "$env:DB_PW"),
    ),
    # `$DB` and `$ecret` may be passwords. With a `_` or a word of secrets in capitals, it is a name.
    Form(
        _TEMPLATE, "a reference to a variable",
        r"\$[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|\$[A-Z0-9]*(?:PASSWORD|PASSWD|SECRET|TOKEN|APIKEY)", ("$",),
        ("$DB_PASSWORD", "$PGPASSWORD"),
    ),
    Form(
        _TEMPLATE, "the output of a command", r"\$\([^()]+\)|`\S+ [^`]+`", ("$", "`"),
        ("$(cat /run/pw)", "`cat /run/pw`"),
    ),
    Form(_TEMPLATE, "a template", r"<%(?:(?!%>).)+%>", ("<%",), ("<%= @pw %>",)),
    Form(
        _TEMPLATE, "a template", r"[%#]\{[^{}]+\}#?|%\([\w.-]+\)s", ("%{", "%(", "#{"),
        ("%{pw}", "#{DbPassword}#", "#{pw}", "%(password)s"),
    ),
    Form(
        _TEMPLATE, "a template", r"\(\([^()]+\)\)|\[\[[^\[\]]+\]\]|@@\w+@@|<<[\w.-]+>>|\$\[[^\[\]]+\]",
        ("((", "[[", "@@", "<<", "$"),
        ("((db-password))", "[[ .db.password ]]", "@@DB_PASSWORD@@", "<<DB_PASSWORD>>", "$[variables.pw]"),
    ),
    # What people write to be filled in. It may be real on a laptop.
    Form(
        _SAMPLE, "a note to fill in a value", r"(?:please[-_ ]?)?change[-_ ]?(?:me|this)(?:[-_ ]?\w{1,20})?\W{0,3}",
        ("change",), ("CHANGEME", "change-me", "changeme123", "change_this_password"), any_case=True,
    ),
    Form(
        _SAMPLE, "a note to fill in a value", r"__[a-z][\w-]*__|<[a-z][\w .:/'-]{0,60}>",
        ("__", "<"), ("__PASSWORD__", "<your-password>", "<password>"), any_case=True,
    ),
    Form(
        _SAMPLE, "a note to fill in a value",
        rf"[<\[({{]{{0,2}}(?:\w{{1,6}}-)?your[-_ ]?(?:\w{{1,20}}[-_ ]){{0,4}}{_SECRET_WORD}(?:[-_ ]here)?"
        r"[>\])}]{0,2}"
        rf"|(?:insert|enter|paste|fill)[-_ ](?:in[-_ ])?(?:your|the|a)?[-_ ]?(?:\w{{1,20}}[-_ ]){{0,3}}"
        rf"{_SECRET_WORD}(?:[-_ ]here)?",
        ("your", "insert", "enter_", "enter-", "enter ", "paste", "fill_", "fill-", "fill "),
        ("your_password_here", "your-password", "YOUR_API_KEY", "sk-your-key", "insert-password-here"), any_case=True,
    ),
    Form(
        _SAMPLE, "a note to fill in a value",
        r"x{3,4}|\?{3,}|(?:todo|fixme|tbd)(?:[:! ].{0,80})?|placeholder|fill[-_ ]?me(?:[-_ ]?in)?"
        r"|replace[-_ ]?(?:me|this|with[-_ ].{1,60})",
        ("xxx", "???", "todo", "fixme", "tbd", "placeholder", "fill_", "fill-", "fill ", "fillme", "replace"),
        ("xxxx", "TODO", "FIXME", "replace_me", "REPLACE_WITH_PASSWORD", "placeholder"), any_case=True,
    ),
)  # fmt: skip

_WAYS_OUT = {
    _MASK: "fill in the value",
    _REFERENCE: "resolve it first, as 'vals eval' does",
    _CIPHERTEXT: "decrypt it first",
    _TEMPLATE: "render the file first",
    _SAMPLE: "fill in the value",
}


def way_out(form: Form) -> str:
    """What to do to get the value, in words."""
    return form.way_out or _WAYS_OUT[form.type]
