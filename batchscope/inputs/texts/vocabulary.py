"""The words and sentences of generated reviews.

A sentence is a format string. These slots stay the same all through one review: ``title``, ``lead``,
``costar``, ``director``, ``hero``, ``job``, ``place``, ``relative``, ``genre``. These are drawn each
time: ``part`` (an aspect of a film; ``part_is`` and ``part_was`` bring its verb), ``adj`` and ``noun``
(judgements in the sense of the review's label), ``anti`` (a judgement in the opposite sense), ``trait``,
``scene``, ``deed`` and ``era``.
"""


def _items(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(","))


PARTS_SINGULAR = _items(
    """
    the acting, the plot, the dialogue, the script, the pacing, the direction, the soundtrack,
    the camera work, the editing, the lighting, the ending, the opening scene, the humour, the romance,
    the atmosphere, the casting, the story, the second half, the final act, the music,
    the cinematography, the production design, the choreography, the chemistry between the leads,
    the character development, the narration, the sound mix, the villain, the supporting cast,
    the twist, the whole premise, the middle section
    """
)
PARTS_PLURAL = _items(
    """
    the special effects, the costumes, the jokes, the fight scenes, the performances, the characters,
    the sets, the flashbacks, the action sequences, the quiet moments, the accents, the subplots,
    the musical numbers, the one-liners, the locations, the child actors
    """
)

POSITIVE_ADJECTIVES = _items(
    """
    superb, wonderful, brilliant, excellent, terrific, outstanding, impressive, memorable, delightful,
    splendid, remarkable, flawless, first-rate, engaging, convincing, inspired, beautiful, charming,
    gripping, fantastic, perfect, touching, clever, fresh, amazing, stunning, masterful, subtle,
    heartfelt, riveting, hilarious, magnificent, compelling, great, rich, powerful, refreshing
    """
)
NEGATIVE_ADJECTIVES = _items(
    """
    terrible, awful, dreadful, weak, dull, lifeless, laughable, clumsy, forgettable, wooden,
    embarrassing, tedious, lazy, hopeless, unconvincing, painful, third-rate, boring, pathetic,
    ridiculous, atrocious, annoying, stupid, predictable, flat, pointless, horrible, messy, shallow,
    cheap, incoherent, bad, stale, amateurish, irritating, unbearable, sloppy
    """
)
POSITIVE_NOUNS = _items(
    """
    a masterpiece, a gem, a triumph, a treat, a joy, a classic, a delight, an absolute winner,
    a small miracle, a breath of fresh air, a pleasure, a work of real talent
    """
)
NEGATIVE_NOUNS = _items(
    """
    a disaster, a mess, a failure, a waste of time, a chore, a disappointment, a train wreck, an insult,
    a bore, a total flop, a joke, a piece of garbage
    """
)

# Judgements with aspect, adjective and counterweight; they work in either sense.
JUDGEMENTS = (
    "{part_is} {adj}",
    "{part_was} {adj} from start to finish",
    "{part_is} {adj}, and {part_is} {adj} too",
    "I found that {part_was} {adj}",
    "to put it simply, {part_is} {adj} and {part_is} {adj}",
    "what struck me most is that {part_is} {trait} {adj}",
    "{part_was} {trait} {adj}, and I am not the only one in the family who thought so",
    "my {relative} leaned over and whispered that {part_was} {adj}",
    "in the scene where {hero} {deed}, {part_is} {adj}",
    "{lead} is {trait} {adj} as {hero}",
    "{costar} is {adj} in the role of the {job}, and {part_is} {adj}",
    "{director} has made something {adj} here",
    "when {hero} {deed}, {part_is} just {adj}",
    "as for the technical side, {part_is} {trait} {adj}",
    "the {genre} elements are {adj} and {part_is} {adj}",
    "{part_is} {noun}",
    "the whole {scene} is {adj}, because {part_is} so {adj}",
    "{lead} and {costar} are {adj} together",
    "for a {genre} from {era}, {part_is} {trait} {adj}",
    "everything around {hero} feels {adj}",
    "I kept thinking how {adj} the {scene} was",
    "{part_is} {adj}; {part_is} {adj}; even {part_is} {adj}",
    "it is {noun} of a {genre}, and {part_is} {adj}",
    "the {scene} alone is {noun}",
)
# A concession first; the sense of the sentence is in its second half.
MIXED = (
    "{part_is} {anti}, but {part_is} {adj}",
    "although {part_was} {anti}, {part_was} {adj} and {part_was} {adj}",
    "{part_was} {anti} at times, yet in the end {part_was} {adj}",
    "some will say that {part_is} {anti}, but for me {part_is} {adj}",
    "I expected something {anti}, and what I got was {adj}",
    "even if {part_is} {anti} here and there, the film as a whole is {adj}",
    "{lead} may be {anti} in the first minutes, but {part_is} {adj} and the rest is {adj}",
    "there is nothing {anti} about it: {part_is} {adj}",
    "the {scene} is {anti}, I admit, but that hardly matters when {part_is} so {adj}",
    "{part_is} anything but {anti}",
    "my {relative} called it {anti}; I call it {adj}",
    "other films by {director} were {anti}, while this one is {adj}",
)
# A point for the other side, left standing.
CONCESSIONS = (
    "granted, {part_is} {anti}",
    "to be fair, {part_was} {anti}",
    "I will admit that {part_is} {trait} {anti}",
    "{costar}, on the other hand, is {anti}",
    "the {scene} near the end was {anti}",
    "true, one could call {part} {anti}",
    "only {part_is} really {anti}",
)

POSITIVE_SENTENCES = (
    "I enjoyed every minute of it",
    "I laughed, I cried, and I did not look at my watch once",
    "I was hooked after the first ten minutes",
    "{director} deserves an award for {part}",
    "I loved the way {hero} {deed}",
    "this is how a {genre} should be made",
    "you can feel the love that went into {part}",
    "the two hours flew by",
    "I have seen it three times now and it gets better with every viewing",
    "it left me with a big smile on my face",
    "{lead} gives the best performance of a long career",
    "it stayed with me for days",
    "hardly ever has a {genre} moved me so much",
    "the audience in {place} applauded at the end",
    "a film like this restores my faith in the {genre}",
)
NEGATIVE_SENTENCES = (
    "I regret every minute of it",
    "I yawned, I sighed, and I looked at my watch all the time",
    "I lost interest after the first ten minutes",
    "{director} should apologise for {part}",
    "I hated the way {hero} {deed}",
    "this is how a {genre} should never be made",
    "nobody seems to have cared about {part}",
    "the two hours dragged on and on",
    "I could barely sit through it once and will never watch it again",
    "it left me with a headache",
    "{lead} gives the worst performance of a long career",
    "I had forgotten it by the next morning",
    "hardly ever has a {genre} bored me so much",
    "half of the audience in {place} walked out before the end",
    "a film like this gives the {genre} a bad name",
)

OPENINGS = (
    "I saw {title} last weekend with my {relative}",
    "I rented {title} because my {relative} would not stop talking about it",
    "{title} was shown on television late one night and I decided to give it a try",
    "I first heard of {title} when {director} gave an interview about it",
    "when {title} came out I was still living in {place}",
    "I have been following the work of {director} for years, so I had to see {title}",
    "{title} is a {genre} that was made in {era}",
    "I picked up {title} at a garage sale in {place}",
    "there are already many comments on {title}, but here is mine",
    "so this is {title}, the {genre} with {lead} that everybody at work has seen",
    "I do not usually write reviews, but after {title} I feel that I have to",
    "{title} is {noun}, and I will try to explain why",
    "what can I say about {title} other than that it is {adj}",
)
PLOT = (
    "{lead} plays {hero}, a {job} from {place} who {deed}",
    "the story begins in {place}, where {hero} {deed}",
    "one day {hero} {deed}, and from then on nothing is the same",
    "meanwhile the {job}, played by {costar}, {deed}",
    "after the {scene} the action moves to {place}",
    "{hero} works as a {job} and lives alone with an old dog",
    "about an hour in, {hero} {deed}",
    "then {costar} turns up as a stranger who {deed}",
    "without giving too much away, {hero} {deed} just before the {scene}",
    "there is a subplot about a {job} who {deed}",
    "the film is set in {era}, mostly in and around {place}",
    "all of this leads to the {scene}, in which {hero} {deed}",
    "one early {scene} shows us how {hero} {deed}",
    "later we learn why the {job} {deed}",
)
ASIDES = (
    "{director} also wrote the script together with {costar}",
    "I watched it on an old television, in case that matters",
    "the running time is a little under two hours",
    "as far as I know it was filmed in {place} in the summer",
    "my {relative} had read the book, I had not",
    "I have not seen the original version from {era}",
    "you may remember {lead} from a television series about a {job}",
    "the DVD comes with an interview and two deleted scenes",
    "it was the third film that {director} and {lead} made together",
    "at the time I did not know who {costar} was",
    "we talked about the {scene} on the way home",
    "there were about twenty people in the theatre",
    "I will not say who opens the door at the end",
    "it is based on a short story that appeared in {era}",
    "the title refers to something that {hero} says in the {scene}",
)

POSITIVE_CLOSINGS = (
    "highly recommended",
    "do yourself a favour and see it, it is {noun}",
    "all in all {noun}, and {adj} to the very end",
    "I give it nine out of ten, {part_is} that {adj}",
    "go and see it if you can, you will love it",
    "a must see, and {part_is} {adj}",
    "I would gladly watch it again tomorrow",
    "one of the best films I have ever seen",
    "in short, {noun}: {part_is} {adj} and {part_is} {adj}",
    "thank you, {director}, for something so {adj}",
)
NEGATIVE_CLOSINGS = (
    "avoid it at all costs",
    "do yourself a favour and skip it, it is {noun}",
    "all in all {noun}, and {adj} to the very end",
    "I give it two out of ten, {part_is} that {adj}",
    "stay away if you can, you will hate it",
    "do not bother, {part_is} {adj}",
    "I want those two hours of my life back",
    "one of the worst films I have ever seen",
    "in short, {noun}: {part_is} {adj} and {part_is} {adj}",
    "shame on you, {director}, for something so {adj}",
)

TRAITS = _items(
    """
    really, truly, simply, absolutely, surprisingly, consistently, just, so
    """
)
SCENES = _items(
    """
    dinner scene, car chase, wedding, trial, train journey, storm, funeral, rooftop scene, bar fight,
    dream sequence, reunion, escape, rehearsal, bank robbery, dance, phone call, hospital scene,
    confrontation
    """
)
DEEDS = _items(
    """
    finds a letter in the attic, meets a stranger at the station, loses the keys to the house,
    inherits a boat, hides a suitcase under the bridge, returns home after twenty years,
    learns to play the violin, is asked to watch over a witness, buys a ticket to the coast,
    opens a small restaurant, tells the truth to the judge, follows a man across the border,
    wakes up in another town, signs the contract, takes the night shift at the hotel,
    walks into the wrong room, receives a call from an old friend, drives through the desert,
    speaks to the ghost of an uncle, discovers a map in the library, decides to leave the army,
    moves in with the neighbours
    """
)
ERAS = _items(
    """
    the thirties, the forties, the fifties, the sixties, the seventies, the eighties, the nineties
    """
)
GENRES = _items(
    """
    thriller, comedy, western, drama, horror movie, musical, love story, war film, detective story,
    science fiction film, family film, road movie, documentary, film noir
    """
)
JOBS = _items(
    """
    teacher, lawyer, sailor, nurse, reporter, farmer, detective, waiter, pilot, librarian, musician,
    soldier, mechanic, painter, salesman, doctor, boxer, baker
    """
)
RELATIVES = _items(
    """
    wife, husband, brother, sister, father, mother, cousin, roommate, daughter, son
    """
)
PLACES = _items(
    """
    Chicago, Dublin, Lisbon, New Orleans, Vienna, Montreal, Nevada, Manchester, Naples, Oslo, Texas,
    Brooklyn, Marseille, Sydney, Prague, Alaska
    """
)
FIRST_NAMES = _items(
    """
    Martin, Clara, Edgar, Lillian, Victor, Rosa, Howard, Irene, Oscar, Judith, Walter, Helena, Simon,
    Agnes, Felix, Marion, Harvey, Norma, Leonard, Sylvia, Bernard, Celia, Rupert, Dora
    """
)
LAST_NAMES = _items(
    """
    Hollister, Brandt, Okafor, Lindqvist, Marlowe, Castellan, Pruitt, Whitcombe, Yamada, Delacroix,
    Finnegan, Harrow, Kessler, Novak, Ashdown, Tremaine, Vargas, Winslow, Abernathy, Sokolov,
    Merriweather, Dunmore, Caldwell, Rosetti
    """
)
TITLE_ADJECTIVES = _items(
    """
    Silent, Last, Crimson, Hidden, Second, Distant, Burning, Northern, Paper, Broken, Midnight, Golden,
    Hollow, Long, Winter, Electric
    """
)
TITLE_NOUNS = _items(
    """
    Harbor, Letter, Garden, Passenger, River, Promise, Station, Mirror, Road, Orchard, Signal, Island,
    Witness, Carnival, Summer, Shadow
    """
)
