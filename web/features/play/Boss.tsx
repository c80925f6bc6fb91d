// The Great Catfish. It lies low while it sleeps, and sinks when it is beaten.
const brows = "M168 282q30-18 64-2M296 266q34-14 68 8";
const mouth = "M134 402C200 440 320 440 398 396";
const whiskers = "M138 396C86 380 56 330 20 338M142 420C92 424 60 452 26 436M400 390C452 372 470 322 520 326M394 412C440 424 478 456 520 440";
const scales = "M500 290q12 8 6 22M540 306q12 8 6 22M580 330q10 8 4 20M470 330q12 8 6 22M512 352q12 8 6 20M556 370q10 8 4 18M600 386q8 6 4 16M420 300q10 6 6 18";

export type Mood = "asleep" | "awake" | "beaten";

export function Boss({ label, mood }: { label: string; mood: Mood }) {
  return (
    <svg class={`boss ${mood}`} viewBox="0 0 800 590" role="img" aria-label={label}>
      <path class="spark" d="M90 210l40 26-14 20 46 22M690 190l-34 30 18 16-40 30M730 300l-44 8" />
      <g class="sink">
        <g class="heave">
          <path class="skin" d="M120 470C96 330 190 196 372 186 520 178 640 250 676 350 700 330 716 300 764 286 748 330 752 366 776 402 736 394 706 396 684 420 676 446 668 460 660 476Z" />
          <path class="belly" d="M136 470C140 420 180 396 250 396S420 420 470 474Z" />
          <path class="in" d={mouth} />
          <path class="in thin" d="M150 416q6 10 18 12M210 432q4 8 14 9M280 434q4 7 12 6M344 420q6 6 14 2" />
          <ellipse class="eye" cx="206" cy="318" rx="30" ry="32" />
          <ellipse class="eye" cx="330" cy="306" rx="32" ry="34" />
          <circle class="pupil" cx="212" cy="322" r="12" />
          <circle class="pupil" cx="326" cy="312" r="12" />
          <path class="in lid" d="M178 322q28 18 56 0M300 310q30 20 60 0" />
          <path class="in" d={brows} />
          <path class="in thin" d="M250 364q6-5 10 0M282 362q6-5 10 0" />
          <path class="in" d={whiskers} />
          <path class="skin" d="M430 240C470 150 530 132 560 142 548 168 556 194 580 214 566 224 560 240 562 256" />
          <path class="in thin" d="M470 214l50-42M500 226l36-40" />
          <path class="in thin" d={scales} />
        </g>
      </g>
      <path class="sea" d="M0 470C40 430 76 430 96 456 104 430 150 424 170 454 190 428 240 430 256 458 282 430 330 432 346 460 372 430 420 432 436 458 462 430 510 434 526 460 552 430 600 432 616 458 642 428 690 432 706 458 732 430 772 434 800 460V590H0Z" />
      <path class="sea-2" d="M0 500C50 470 90 474 120 494 160 470 210 472 240 494 280 470 330 474 360 494 400 470 450 474 480 494 520 470 570 474 600 494 640 470 690 474 720 494 750 476 780 478 800 488V590H0Z" />
    </svg>
  );
}
