"""The inventory of clouds: accounts, resources, revisions, calls, findings."""

import django.core.validators
import django.db.models.deletion
import opsportal.lib.crypto
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditBasis",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, unique=True)),
                ("value", models.JSONField(default=dict)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "audit bases",
            },
        ),
        migrations.CreateModel(
            name="NetworkAllowlist",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("cidr", models.CharField(max_length=43, unique=True, verbose_name="network")),
                ("note", models.CharField(max_length=500)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "known network",
                "ordering": ["cidr"],
            },
        ),
        migrations.CreateModel(
            name="CloudAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "account_id",
                    models.CharField(
                        max_length=12,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[0-9]{12}\\Z", "an account's number has twelve digits"
                            )
                        ],
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("managed", "ours, watched"),
                            ("friendly", "ours, not watched"),
                            ("thirdparty", "a third party's"),
                        ],
                        default="managed",
                        max_length=10,
                    ),
                ),
                ("partition", models.CharField(default="aws", max_length=20)),
                ("role_name", models.CharField(blank=True, max_length=576)),
                ("external_id", opsportal.lib.crypto.EncryptedJSONField(blank=True, null=True)),
                ("regions", models.JSONField(blank=True, default=list)),
                ("without", models.JSONField(blank=True, default=list)),
                ("enabled", models.BooleanField(default=True)),
                ("frozen", models.BooleanField(default=False)),
                ("s3_canonical_id", models.CharField(blank=True, max_length=64)),
                ("org_id", models.CharField(blank=True, max_length=34)),
                ("ou_path", models.CharField(blank=True, max_length=500)),
                ("trail_queue_url", models.CharField(blank=True, max_length=500)),
                ("trail_heard_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("note", models.CharField(blank=True, max_length=1000)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("scopes_digest", models.CharField(blank=True, editable=False, max_length=64)),
                ("test", models.JSONField(blank=True, default=dict, editable=False)),
                ("test_due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "verbose_name": "cloud account",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="CheckOverride",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("check_id", models.CharField(max_length=20, verbose_name="check")),
                ("match", models.CharField(blank=True, max_length=1000)),
                (
                    "score",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(10),
                        ],
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                ("reason", models.CharField(max_length=500)),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="security.cloudaccount",
                    ),
                ),
            ],
            options={
                "ordering": ["check_id", "id"],
            },
        ),
        migrations.CreateModel(
            name="ApiActivity",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("event_id", models.CharField(max_length=64, unique=True)),
                ("region", models.CharField(blank=True, max_length=30)),
                ("at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("service", models.CharField(max_length=60)),
                ("action", models.CharField(max_length=100)),
                ("actor", models.CharField(blank=True, max_length=200)),
                ("principal_type", models.CharField(blank=True, max_length=30)),
                ("principal_arn", models.CharField(blank=True, max_length=1200)),
                ("session_name", models.CharField(blank=True, max_length=200)),
                ("source_address", models.CharField(blank=True, max_length=200)),
                ("user_agent", models.CharField(blank=True, max_length=500)),
                ("tool", models.CharField(blank=True, max_length=20)),
                (
                    "via",
                    models.CharField(
                        choices=[("queue", "Queue"), ("hook", "posted")],
                        default="queue",
                        max_length=5,
                    ),
                ),
                ("mfa", models.BooleanField(blank=True, null=True)),
                ("error_code", models.CharField(blank=True, max_length=100)),
                ("is_watched", models.BooleanField(default=False)),
                ("request", models.JSONField(blank=True, default=dict)),
                ("change_id", models.BigIntegerField(blank=True, null=True)),
                ("handled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="security.cloudaccount"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "API activities",
                "ordering": ["-at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="CloudResource",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("region", models.CharField(blank=True, max_length=30)),
                ("technology", models.CharField(max_length=60)),
                ("resource_id", models.CharField(max_length=1000)),
                ("arn", models.CharField(blank=True, max_length=1200)),
                ("name", models.CharField(blank=True, max_length=500)),
                ("unique_id", models.CharField(blank=True, max_length=40)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("active", "Active"),
                            ("missing", "Missing"),
                            ("deleted", "Deleted"),
                        ],
                        default="active",
                        max_length=8,
                    ),
                ),
                ("first_seen_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("captured_at", models.DateTimeField()),
                ("missing_at", models.DateTimeField(blank=True, null=True)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                ("complete_hash", models.CharField(max_length=64)),
                ("durable_hash", models.CharField(max_length=64)),
                ("normaliser_version", models.PositiveIntegerField()),
                ("config", models.JSONField()),
                ("unknown", models.JSONField(blank=True, default=dict)),
                ("tags", models.JSONField(blank=True, default=dict)),
                ("revision_count", models.PositiveIntegerField(default=0)),
                ("score", models.PositiveSmallIntegerField(default=0)),
                ("full_score", models.PositiveSmallIntegerField(default=0)),
                ("audit_at", models.DateTimeField(blank=True, null=True)),
                ("audited_at", models.DateTimeField(blank=True, null=True)),
                ("audited_number", models.PositiveIntegerField(default=0)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="security.cloudaccount"
                    ),
                ),
            ],
            options={
                "verbose_name": "cloud resource",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="AddressUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("has", "Has"),
                            ("admits", "Admits"),
                            ("reaches", "Reaches"),
                            ("lists", "Lists"),
                        ],
                        max_length=7,
                    ),
                ),
                ("first", models.CharField(max_length=32)),
                ("length", models.PositiveSmallIntegerField()),
                ("cidr", models.CharField(max_length=43)),
                ("note", models.CharField(blank=True, max_length=200)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(blank=True, null=True)),
                (
                    "resource",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="security.cloudresource"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConfigRevision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("created", "Created"),
                            ("changed", "Changed"),
                            ("deleted", "Deleted"),
                            ("restored", "Restored"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "source",
                    models.CharField(choices=[("poll", "Poll"), ("event", "Event")], max_length=5),
                ),
                (
                    "change_class",
                    models.CharField(
                        choices=[
                            ("security", "Security"),
                            ("operational", "Operational"),
                            ("cosmetic", "Cosmetic"),
                        ],
                        max_length=11,
                    ),
                ),
                ("captured_at", models.DateTimeField()),
                ("captured_before_at", models.DateTimeField(blank=True, null=True)),
                ("effective_at", models.DateTimeField(blank=True, null=True)),
                ("config", models.JSONField()),
                ("tags", models.JSONField(blank=True, default=dict)),
                ("changes", models.JSONField(blank=True, default=list)),
                ("summary", models.CharField(blank=True, max_length=1000)),
                ("complete_hash", models.CharField(max_length=64)),
                ("durable_hash", models.CharField(max_length=64)),
                ("normaliser_version", models.PositiveIntegerField()),
                ("region", models.CharField(blank=True, max_length=30)),
                ("technology", models.CharField(max_length=60)),
                ("score_change", models.SmallIntegerField(default=0)),
                ("actor", models.CharField(blank=True, max_length=200)),
                (
                    "attribution",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("exact", "Exact"),
                            ("likely", "Likely"),
                            ("window", "Window"),
                            ("none", "no event announced it"),
                            ("baseline", "was there before"),
                        ],
                        default="pending",
                        max_length=8,
                    ),
                ),
                ("event_id", models.BigIntegerField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="security.cloudaccount",
                    ),
                ),
                (
                    "resource",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="security.cloudresource"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("author", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                ("text", models.CharField(max_length=4000)),
                (
                    "resource",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="security.cloudresource"
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="security.configrevision",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Relation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=40)),
                ("target", models.CharField(max_length=1000)),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="security.cloudresource"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reviewer", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                ("note", models.CharField(blank=True, max_length=1000)),
                (
                    "revision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, to="security.configrevision"
                    ),
                ),
            ],
            options={
                "ordering": ["-at"],
            },
        ),
        migrations.CreateModel(
            name="RevisionCause",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "confidence",
                    models.CharField(
                        choices=[("exact", "Exact"), ("likely", "Likely"), ("window", "Window")],
                        max_length=6,
                    ),
                ),
                ("deployment_id", models.BigIntegerField(blank=True, null=True)),
                (
                    "activity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="effects",
                        to="security.apiactivity",
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="causes",
                        to="security.configrevision",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RiskAcceptance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fingerprint", models.CharField(blank=True, max_length=64)),
                ("check_id", models.CharField(blank=True, max_length=20, verbose_name="check")),
                ("match", models.CharField(blank=True, max_length=1000)),
                ("reason", models.CharField(max_length=1000)),
                ("ticket", models.CharField(blank=True, max_length=200)),
                ("accepted_by", models.CharField(max_length=200)),
                ("approved_by", models.CharField(blank=True, max_length=200)),
                ("accepted_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "max_score",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(10),
                        ]
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_reason", models.CharField(blank=True, max_length=200)),
                ("told_ending", models.BooleanField(default=False)),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="security.cloudaccount",
                    ),
                ),
                (
                    "resource",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="security.cloudresource",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "verbose_name": "risk acceptance",
                "ordering": ["expires_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("check_id", models.CharField(max_length=20, verbose_name="check")),
                ("subject", models.CharField(blank=True, max_length=1000)),
                ("fingerprint", models.CharField(max_length=64, unique=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("fixed", "Fixed"),
                            ("accepted", "Accepted"),
                            ("unknown", "Unknown"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "score",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(10),
                        ]
                    ),
                ),
                ("summary", models.CharField(max_length=1000)),
                ("evidence", models.JSONField(blank=True, default=dict)),
                ("first_seen_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("undecided", models.CharField(blank=True, max_length=300)),
                ("fixed_at", models.DateTimeField(blank=True, null=True)),
                ("fixed_reason", models.CharField(blank=True, max_length=20)),
                ("history", models.JSONField(blank=True, default=list)),
                ("to_tell", models.BooleanField(default=False)),
                ("told_status", models.CharField(blank=True, max_length=8)),
                ("told_score", models.PositiveSmallIntegerField(default=0)),
                ("check_version", models.PositiveSmallIntegerField(default=1)),
                ("region", models.CharField(blank=True, max_length=30)),
                ("technology", models.CharField(max_length=60)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="security.cloudaccount",
                    ),
                ),
                (
                    "fixed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="fixed",
                        to="security.configrevision",
                    ),
                ),
                (
                    "introduced_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="introduced",
                        to="security.configrevision",
                    ),
                ),
                (
                    "resource",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="security.cloudresource"
                    ),
                ),
                (
                    "acceptance",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="security.riskacceptance",
                    ),
                ),
            ],
            options={
                "ordering": ["-score", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Scope",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("region", models.CharField(blank=True, max_length=30)),
                ("technology", models.CharField(max_length=60)),
                ("enabled", models.BooleanField(default=True)),
                ("watched_since", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("complete", "Complete"),
                            ("partial", "Partial"),
                            ("denied", "Denied"),
                            ("throttled", "Throttled"),
                            ("region_disabled", "region disabled"),
                            ("failed", "Failed"),
                        ],
                        max_length=16,
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("complete_at", models.DateTimeField(blank=True, null=True)),
                ("next_at", models.DateTimeField()),
                ("listed", models.PositiveIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("error_code", models.CharField(blank=True, max_length=100)),
                ("error_message", models.CharField(blank=True, max_length=1000)),
                ("request_id", models.CharField(blank=True, max_length=100)),
                ("errors", models.PositiveIntegerField(default=0)),
                ("generation", models.PositiveIntegerField(default=0)),
                ("passes", models.JSONField(blank=True, default=dict)),
                ("held", models.JSONField(blank=True, default=dict)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="security.cloudaccount"
                    ),
                ),
            ],
            options={
                "ordering": ["account", "technology", "region"],
            },
        ),
        migrations.CreateModel(
            name="CollectorError",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("resource_id", models.CharField(blank=True, max_length=1000)),
                ("facet", models.CharField(blank=True, max_length=60)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("complete", "Complete"),
                            ("partial", "Partial"),
                            ("denied", "Denied"),
                            ("throttled", "Throttled"),
                            ("region_disabled", "region disabled"),
                            ("failed", "Failed"),
                        ],
                        default="failed",
                        max_length=16,
                    ),
                ),
                ("code", models.CharField(max_length=100)),
                ("message", models.CharField(blank=True, max_length=1000)),
                ("resources", models.PositiveIntegerField(default=0)),
                ("action", models.CharField(blank=True, max_length=100)),
                ("count", models.PositiveIntegerField(default=1)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("cleared_at", models.DateTimeField(blank=True, null=True)),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="security.scope"
                    ),
                ),
            ],
            options={
                "ordering": ["-last_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Collection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("due", "Due"),
                            ("claimed", "Claimed"),
                            ("done", "Done"),
                            ("dead", "Dead"),
                            ("held", "Held"),
                            ("dropped", "Dropped"),
                        ],
                        default="due",
                        editable=False,
                        max_length=8,
                    ),
                ),
                ("due_at", models.DateTimeField(editable=False)),
                ("attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("last_error", models.TextField(blank=True, editable=False)),
                ("finished_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "reason",
                    models.CharField(
                        choices=[("poll", "Poll"), ("event", "Event"), ("person", "Person")],
                        default="poll",
                        max_length=6,
                    ),
                ),
                ("targets", models.JSONField(blank=True, default=list)),
                ("rank", models.PositiveSmallIntegerField(default=1, editable=False)),
                ("asked_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("complete", "Complete"),
                            ("partial", "Partial"),
                            ("denied", "Denied"),
                            ("throttled", "Throttled"),
                            ("region_disabled", "region disabled"),
                            ("failed", "Failed"),
                        ],
                        max_length=16,
                    ),
                ),
                ("listed", models.PositiveIntegerField(default=0)),
                ("created", models.PositiveIntegerField(default=0)),
                ("changed", models.PositiveIntegerField(default=0)),
                ("missing", models.PositiveIntegerField(default=0)),
                ("http_calls", models.PositiveIntegerField(default=0)),
                ("throttles", models.PositiveIntegerField(default=0)),
                ("duration_ms", models.PositiveIntegerField(default=0)),
                ("error_code", models.CharField(blank=True, max_length=100)),
                ("error_message", models.CharField(blank=True, max_length=1000)),
                ("request_id", models.CharField(blank=True, max_length=100)),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="security.scope"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="TrailError",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("queue", "the queue could not be read"),
                            ("unreadable", "a message or file could not be understood"),
                            ("account", "calls of an account that is not known"),
                            ("region", "calls in a region that is not watched"),
                        ],
                        max_length=10,
                    ),
                ),
                ("what", models.CharField(blank=True, max_length=200)),
                ("message", models.CharField(blank=True, max_length=1000)),
                ("body", models.TextField(blank=True)),
                ("count", models.PositiveIntegerField(default=1)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="security.cloudaccount"
                    ),
                ),
            ],
            options={
                "ordering": ["-last_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="ActivityTarget",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("technology", models.CharField(max_length=60)),
                ("resource_id", models.CharField(max_length=1000)),
                (
                    "activity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="security.apiactivity"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["resource_id", "technology"], name="activity_target")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="apiactivity",
            index=models.Index(fields=["account", "-at", "-id"], name="activity_account"),
        ),
        migrations.AddIndex(
            model_name="apiactivity",
            index=models.Index(fields=["-at", "-id"], name="activity_recent"),
        ),
        migrations.AddIndex(
            model_name="apiactivity",
            index=models.Index(fields=["actor", "-at", "-id"], name="activity_actor"),
        ),
        migrations.AddIndex(
            model_name="apiactivity",
            index=models.Index(
                condition=models.Q(("is_watched", True)), fields=["at"], name="activity_watched"
            ),
        ),
        migrations.AddIndex(
            model_name="apiactivity",
            index=models.Index(
                condition=models.Q(("handled_at", None)), fields=["id"], name="activity_new"
            ),
        ),
        migrations.AddIndex(
            model_name="cloudresource",
            index=models.Index(fields=["arn"], name="resource_arn"),
        ),
        migrations.AddIndex(
            model_name="cloudresource",
            index=models.Index(fields=["resource_id"], name="resource_id"),
        ),
        migrations.AddIndex(
            model_name="cloudresource",
            index=models.Index(fields=["name"], name="resource_name"),
        ),
        migrations.AddIndex(
            model_name="cloudresource",
            index=models.Index(
                condition=models.Q(("unique_id", ""), _negated=True),
                fields=["unique_id"],
                name="resource_unique",
            ),
        ),
        migrations.AddIndex(
            model_name="cloudresource",
            index=models.Index(
                condition=models.Q(("audit_at__isnull", False)),
                fields=["audit_at"],
                name="resource_audit",
            ),
        ),
        migrations.AddIndex(
            model_name="cloudresource",
            index=models.Index(fields=["-score", "-id"], name="resource_worst"),
        ),
        migrations.AddIndex(
            model_name="cloudresource",
            index=models.Index(fields=["technology", "id"], name="resource_technology"),
        ),
        migrations.AddIndex(
            model_name="cloudresource",
            index=models.Index(fields=["account", "id"], name="resource_account"),
        ),
        migrations.AddIndex(
            model_name="cloudresource",
            index=models.Index(fields=["state", "id"], name="resource_state"),
        ),
        migrations.AddConstraint(
            model_name="cloudresource",
            constraint=models.UniqueConstraint(
                fields=("account", "technology", "region", "resource_id"), name="one_resource_each"
            ),
        ),
        migrations.AddIndex(
            model_name="addressuse",
            index=models.Index(fields=["first", "length"], name="address_network"),
        ),
        migrations.AddIndex(
            model_name="addressuse",
            index=models.Index(
                condition=models.Q(("until", None)), fields=["resource"], name="address_current"
            ),
        ),
        migrations.AddIndex(
            model_name="configrevision",
            index=models.Index(fields=["-captured_at", "-id"], name="revision_recent"),
        ),
        migrations.AddIndex(
            model_name="configrevision",
            index=models.Index(fields=["account", "-captured_at", "-id"], name="revision_account"),
        ),
        migrations.AddIndex(
            model_name="configrevision",
            index=models.Index(
                fields=["technology", "-captured_at", "-id"], name="revision_technology"
            ),
        ),
        migrations.AddIndex(
            model_name="configrevision",
            index=models.Index(fields=["actor", "-captured_at", "-id"], name="revision_actor"),
        ),
        migrations.AddIndex(
            model_name="configrevision",
            index=models.Index(
                fields=["change_class", "-captured_at", "-id"], name="revision_class"
            ),
        ),
        migrations.AddIndex(
            model_name="configrevision",
            index=models.Index(
                condition=models.Q(("attribution", "none")),
                fields=["-captured_at", "-id"],
                name="revision_unannounced",
            ),
        ),
        migrations.AddIndex(
            model_name="configrevision",
            index=models.Index(
                condition=models.Q(("score_change", 0), _negated=True),
                fields=["-captured_at", "-id"],
                name="revision_scored",
            ),
        ),
        migrations.AddIndex(
            model_name="configrevision",
            index=models.Index(
                condition=models.Q(("attribution", "pending")),
                fields=["captured_at"],
                name="revision_pending",
            ),
        ),
        migrations.AddConstraint(
            model_name="configrevision",
            constraint=models.UniqueConstraint(
                fields=("resource", "number"), name="one_revision_each"
            ),
        ),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(fields=["resource", "-at"], name="comment_resource"),
        ),
        migrations.AddIndex(
            model_name="relation",
            index=models.Index(fields=["target", "kind"], name="relation_target"),
        ),
        migrations.AddConstraint(
            model_name="relation",
            constraint=models.UniqueConstraint(
                fields=("source", "kind", "target"), name="one_relation_each"
            ),
        ),
        migrations.AddConstraint(
            model_name="revisioncause",
            constraint=models.UniqueConstraint(
                fields=("revision", "activity"), name="one_cause_each"
            ),
        ),
        migrations.AddIndex(
            model_name="riskacceptance",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=["expires_at"],
                name="acceptance_ends",
            ),
        ),
        migrations.AddConstraint(
            model_name="riskacceptance",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("fingerprint", ""), _negated=True),
                    models.Q(("check_id", ""), _negated=True),
                    _connector="OR",
                ),
                name="acceptance_covers_something",
                violation_error_message="Say what is accepted: a finding, or a check.",
            ),
        ),
        migrations.AddConstraint(
            model_name="riskacceptance",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fingerprint", ""), ("resource__isnull", False), _connector="OR"
                ),
                name="acceptance_of_a_finding_names_its_resource",
            ),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["status", "-score", "-id"], name="finding_worst"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(
                fields=["check_id", "status", "-score", "-id"], name="finding_check"
            ),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(
                fields=["account", "status", "-score", "-id"], name="finding_account"
            ),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["resource", "check_id"], name="finding_resource"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(
                condition=models.Q(("to_tell", True)), fields=["id"], name="finding_to_tell"
            ),
        ),
        migrations.AddIndex(
            model_name="scope",
            index=models.Index(
                condition=models.Q(("enabled", True)), fields=["next_at"], name="scope_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="scope",
            constraint=models.UniqueConstraint(
                fields=("account", "region", "technology"), name="one_scope_each"
            ),
        ),
        migrations.AddIndex(
            model_name="collectorerror",
            index=models.Index(fields=["-last_at"], name="collector_error_recent"),
        ),
        migrations.AddIndex(
            model_name="collectorerror",
            index=models.Index(
                condition=models.Q(("cleared_at", None)),
                fields=["scope"],
                name="collector_error_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="collectorerror",
            constraint=models.UniqueConstraint(
                fields=("scope", "resource_id", "facet", "code"), name="one_error_each"
            ),
        ),
        migrations.AddIndex(
            model_name="collection",
            index=models.Index(
                condition=models.Q(("state__in", ["due", "claimed"])),
                fields=["rank", "due_at"],
                name="collection_due",
            ),
        ),
        migrations.AddIndex(
            model_name="collection",
            index=models.Index(
                condition=models.Q(("state", "dead")), fields=["-id"], name="collection_dead"
            ),
        ),
        migrations.AddIndex(
            model_name="collection",
            index=models.Index(fields=["scope", "-id"], name="collection_of_scope"),
        ),
        migrations.AddIndex(
            model_name="collection",
            index=models.Index(fields=["finished_at"], name="collection_finished"),
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["due", "claimed"]), ("targets", [])),
                fields=("scope",),
                name="one_collection_of_all",
            ),
        ),
        migrations.AddIndex(
            model_name="trailerror",
            index=models.Index(fields=["last_at"], name="trail_error_last"),
        ),
        migrations.AddConstraint(
            model_name="trailerror",
            constraint=models.UniqueConstraint(
                fields=("account", "kind", "what"), name="one_trail_error_each"
            ),
        ),
    ]
