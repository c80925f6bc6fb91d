"""What happened to somebody meanwhile."""

import time

from support import Person
from walk import Walk


class NotificationWalk(Walk):
    bodies = {
        "markNotificationsRead": {"up_to": "1"},
        "setNotificationSettings": {"empathy": True, "comment": True, "thread": True,
                                    "follow": True},
    }

    def test_notifications(self):
        author, reader = Person(self.server, "writer"), Person(self.server, "visitor")
        made = author.post(self.server, "tell me")
        post = made.json["id"]
        self.call("markNotificationsRead", 400, who=author)  # there is none yet
        self.call("giveEmpathy", 200, who=reader, post=post, headers=self.after(made))
        for _ in range(200):  # the fact of a fact: no position waits for it
            page = self.call("listNotifications", 200, who=author)
            if page.json["notifications"]:
                break
            time.sleep(0.05)
        notice = page.json["notifications"][0]
        self.assertEqual((notice["kind"], notice["people_count"], notice["unread"]),
                         ("empathy", 1, True))
        self.assertEqual(notice["people"][0]["handle"], "visitor")
        self.assertEqual(notice["post"]["text"], "tell me")
        self.assertEqual(page.json["unread_count"], 1)
        self.call("markNotificationsRead", 400, who=author, body={"up_to": "9"})
        marked = self.call("markNotificationsRead", 200, who=author, body={"up_to": notice["id"]})
        page = self.call("listNotifications", 200, who=author, headers=self.after(marked))
        self.assertEqual(page.json["unread_count"], 0)
        self.assertFalse(page.json["notifications"][0]["unread"])
        self.call("createComment", 201, who=reader, post=post)
        for _ in range(200):
            two = self.call("listNotifications", 200, who=author).json["notifications"]
            if len(two) == 2:
                break
            time.sleep(0.05)
        self.assertEqual([(one["kind"], one["post"]["text"]) for one in two],
                         [("comment", "tell me"), ("empathy", "tell me")])
        for query in ("limit=0", "limit=101", "before=x"):
            self.call("listNotifications", 400, who=author, query=f"?{query}")
        self.assertTrue(all(self.call("getNotificationSettings", 200, who=author).json.values()))
        off = {"empathy": False, "comment": True, "thread": True, "follow": True}
        self.call("setNotificationSettings", 200, who=author, body=off)
        self.assertEqual(self.call("getNotificationSettings", 200, who=author).json, off)
        for body in (off | {"follow": None}, off | {"other": True}, {"empathy": True}):
            self.call("setNotificationSettings", 400, who=author, body=body)
