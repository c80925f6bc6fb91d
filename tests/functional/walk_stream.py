"""What happens, while it happens."""

import json

from support import Person
from walk import CONTRACT, Walk


class StreamWalk(Walk):
    def test_the_stream(self):
        self.call("openStream", 200)
        self.call("openStream", 200, query="?community=1", who=self.mio)
        self.call("openStream", 400, query="?community=x")
        self.call("openStream", 404, query="?community=2")
        content = CONTRACT.operations["openStream"]["responses"][200]["content"]
        events = content["text/event-stream"]["x-events"]
        _, connection = self.server.stream(query="?community=1", last_event_id="unknown")
        person = Person(self.server, "speaker")
        def expect(*names):
            for name in names:
                event = connection.read_event()
                self.assertEqual(event["event"], name)
                data = json.loads(event["data"])
                self.assertEqual(CONTRACT.mismatches(events[name], data, name), [])
            return data

        made = person.post(self.server, "live", language="ja")
        self.assertEqual(made.status, 201)
        seen = [("Matsuri-Position", made.headers["matsuri-position"])]
        comment = self.call("createComment", 201, who=person, post=made.json["id"], headers=seen)
        self.assertEqual(expect("ready", "reset", "post", "post")["parent"], made.json["id"])
        self.assertEqual(expect("counts")["comment_count"], 1)
        seen = [("Matsuri-Position", comment.headers["matsuri-position"])]
        self.call("editPost", 200, who=person, post=made.json["id"], headers=seen)
        self.assertEqual(expect("post_changed")["text"], "edited")
        self.call("deletePost", 200, who=person, post=comment.json["id"], headers=seen)
        self.assertEqual(expect("post_deleted")["post"], comment.json["id"])
        self.assertEqual(expect("counts")["comment_count"], 0)
        connection.close()
