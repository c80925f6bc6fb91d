// People as JSON: the author of a post, one of a notification's people.
#include "people/model.h"

#include "face/face.h"

namespace matsuri::people {

void write_author(json::Writer& writer, const Person& person) {
  writer.begin_object()
      .field_id("id", person.id.value)
      .field("handle", person.handle)
      .field("name", person.name)
      .field("face", face::to_string(face::chosen_or_own(person.face, person.id.value)))
      .end_object();
}

}  // namespace matsuri::people
