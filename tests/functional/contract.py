"""api/openapi.yaml as a test sees it: which answers it allows, and what is wrong with one."""

import re

import yaml

from support import ROOT

METHODS = ("get", "post", "put", "patch", "delete")


class Contract:
    def __init__(self):
        with open(ROOT / "api/openapi.yaml", encoding="utf-8") as file:
            self.document = yaml.safe_load(file)
        self.operations = {}
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method not in item:
                    continue
                operation = dict(item[method])
                operation |= {"path": path, "method": method.upper()}
                operation["responses"] = {
                    int(status): self.resolve(response)
                    for status, response in operation["responses"].items()}
                self.operations[operation["operationId"]] = operation
        self.anywhere = {int(status): one
                         for status, one in self.document["x-any-operation"].items()}

    def resolve(self, node):
        while "$ref" in node:
            found = self.document
            for key in node["$ref"][2:].split("/"):
                found = found[key]
            # A description beside a reference says more; nothing else may stand there.
            node = found
        return node

    def pairs(self):
        """Every operation with every status that it documents."""
        return {(name, status) for name, operation in self.operations.items()
                for status in operation["responses"]}

    def needs_account(self, name):
        ways = self.operations[name].get("security", self.document["security"])
        return not any(way == {} for way in ways)

    def check(self, name, answer):
        """What is wrong with an answer of an operation, as a list of sentences."""
        operation = self.operations[name]
        response = operation["responses"].get(answer.status)
        wrong = []
        if response is None:
            if answer.status not in self.anywhere:
                return [f"{answer.status} is not documented"]
            return self.check_problem(answer)
        content = response.get("content", {})
        if not content:
            if answer.body:
                wrong.append("a body that is not documented")
        else:
            media_type = answer.headers.get("content-type", "").split(";")[0]
            if media_type not in content:
                return [f"Content-Type {media_type} is not documented"]
            if media_type.endswith("json"):
                wrong += self.mismatches(content[media_type]["schema"], answer.json, "body")
            if media_type == "application/problem+json":
                wrong += self.check_problem(answer)
        for header, one in response.get("headers", {}).items():
            one = self.resolve(one)
            value = answer.headers.get(header.lower())
            if value is None:
                if one.get("required"):
                    wrong.append(f"{header} is missing")
                continue
            schema = self.resolve(one["schema"])
            if schema.get("type") == "integer":
                value = int(value) if value.isdigit() else value
            wrong += self.mismatches(schema, value, header)
        if "x-rate-limit" in operation:
            for header in ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"):
                if not answer.headers.get(header, "").isdigit():
                    wrong.append(f"{header} is missing")
        return wrong

    def check_problem(self, answer):
        if answer.headers.get("content-type") != "application/problem+json":
            return ["an error that is no application/problem+json"]
        wrong = self.mismatches({"$ref": "#/components/schemas/Problem"}, answer.json, "body")
        if not wrong and answer.json["status"] != answer.status:
            wrong.append(f"status {answer.json['status']} in the body of {answer.status}")
        return wrong

    def properties_of(self, schema):
        """All properties and the required ones, through allOf."""
        schema = self.resolve(schema)
        properties, required = dict(schema.get("properties", {})), set(schema.get("required", []))
        for part in schema.get("allOf", []):
            more, needed = self.properties_of(part)
            for key, value in more.items():
                properties[key] = {"allOf": [properties[key], value]} if key in properties else value
            required |= needed
        return properties, required

    def mismatches(self, schema, value, path):
        schema = self.resolve(schema)
        if "oneOf" in schema:
            fitting = [one for one in schema["oneOf"] if not self.mismatches(one, value, path)]
            return [] if len(fitting) == 1 else [f"{path}: fits {len(fitting)} of oneOf"]
        wrong = []
        if isinstance(value, dict):
            properties, required = self.properties_of(schema)
            for key in required - value.keys():
                wrong.append(f"{path}.{key} is missing")
            others = schema.get("additionalProperties", False)
            for key, inner in value.items():
                if key in properties or others:
                    wrong += self.mismatches(properties.get(key, others), inner, f"{path}.{key}")
                else:
                    wrong.append(f"{path}.{key} is not documented")
            if not schema.get("minProperties", 0) <= len(value) <= schema.get(
                    "maxProperties", len(value)):
                wrong.append(f"{path}: {len(value)} fields")
        else:
            for part in schema.get("allOf", []):
                wrong += self.mismatches(part, value, path)
        types = schema.get("type", [])
        types = types if isinstance(types, list) else [types]
        if types and not any(is_a(one, value) for one in types):
            return wrong + [f"{path}: {value!r} is not {types}"]
        if "const" in schema and value != schema["const"]:
            wrong.append(f"{path}: {value!r} is not {schema['const']!r}")
        if "enum" in schema and value not in schema["enum"]:
            wrong.append(f"{path}: {value!r} is none of {schema['enum']}")
        if isinstance(value, str):
            if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 1 << 30):
                wrong.append(f"{path}: {len(value)} characters")
            if "pattern" in schema and not re.search(schema["pattern"], value):
                wrong.append(f"{path}: {value!r} does not match {schema['pattern']}")
        if isinstance(value, int) and not isinstance(value, bool):
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                wrong.append(f"{path}: {value} is out of bounds")
        if isinstance(value, list):
            if len(value) > schema.get("maxItems", len(value)):
                wrong.append(f"{path}: {len(value)} items")
            for index, one in enumerate(value):
                wrong += self.mismatches(schema.get("items", {}), one, f"{path}[{index}]")
        return wrong


def is_a(name, value):
    return {"string": isinstance(value, str),
            "integer": isinstance(value, int) and not isinstance(value, bool),
            "number": isinstance(value, (int, float)) and not isinstance(value, bool),
            "boolean": isinstance(value, bool),
            "object": isinstance(value, dict),
            "array": isinstance(value, list),
            "null": value is None}[name]
